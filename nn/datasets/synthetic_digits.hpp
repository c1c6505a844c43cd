#pragma once

#include "tensor/hide_macros.hpp"

#include <cstddef>
#include <cstdint>

#include "nn/data/idx.hpp"

/// @file
/// A data set that needs no download. Link with xtape::datasets.

namespace xtape::nn {

/// Returns drawings of digits in the format of MNIST, as `(28, 28)` bytes and labels from 0 to 9.
/// The digits are white on black, at most 20 pixels high and wide, with their centre of mass in the
/// middle. The sizes of the classes differ by at most one, and the order is random.
///
/// Each image shows one of several ways to write its digit. The points of its strokes are moved at
/// random, a random affine map slants and rotates it, and the width of the pen varies. The same
/// seed gives the same bytes on every machine.
///
/// Throws ValueError if `train` or `test` is 0.
Mnist synthetic_digits(std::uint64_t seed = 1, std::size_t train = 12000, std::size_t test = 2000);

}  // namespace xtape::nn

#include "tensor/restore_macros.hpp"
