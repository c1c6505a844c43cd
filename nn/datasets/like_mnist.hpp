#pragma once

#include "tensor/hide_macros.hpp"

#include <string>

#include "nn/data/png.hpp"

/// @file
/// A conversion of pictures for networks that were trained on MNIST. Link with xtape::datasets.

namespace xtape::nn {

/// Returns a picture in the format of MNIST: 28 x 28 pixels, light ink on black. The ink is scaled
/// to fit exactly into 20 x 20 pixels, and its centre of mass is moved to the middle. The most
/// frequent grey along the border is the paper, which becomes black.
///
/// Throws DataError, with a message that begins with `name`, if there is no ink.
GreyImage like_mnist(const GreyImage& picture, const std::string& name);

}  // namespace xtape::nn

#include "tensor/restore_macros.hpp"
