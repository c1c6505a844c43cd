#pragma once

#include <string>

#include "examples/images/picture.hpp"
#include "nn/data/png.hpp"

namespace cifar10 {

/// Returns the picture `name`. Of a PNG file, the square in its middle is scaled to the size of
/// CIFAR-10's images. `FILE:NUMBER` is an image of a binary file of CIFAR-10, counted from 0.
/// Throws DataError, with the name of the file, if there is none.
images::Picture read_picture(const std::string& name);

/// Returns the square in the middle of an image, scaled to `length` x `length` pixels. Each new
/// pixel is the mean of the area that it covers.
xtape::nn::ColourImage scaled_square(const xtape::nn::ColourImage& image, std::size_t length);

}  // namespace cifar10
