#pragma once

#include <cstddef>
#include <cstdint>

#include "nn/data/idx.hpp"

namespace mnist {

/// Digits drawn by the program, in the format of MNIST: 28 x 28 pixels, white on black, at most 20
/// pixels high or wide, the centre of mass in the middle, as many of each digit as of any other
/// (give or take one), in random order. Each is one of several ways to write its digit, with
/// trembling strokes, under a random affine map, by pens of different width. The same seed draws
/// the same images. Throws ValueError when a part would be empty.
xtape::nn::Mnist synthetic_digits(std::uint64_t seed, std::size_t train = 12000,
                                  std::size_t test = 2000);

}  // namespace mnist
