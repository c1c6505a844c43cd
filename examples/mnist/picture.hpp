#pragma once

#include <string>

#include "nn/data/png.hpp"

/// Pictures of people's own as the network knows them from MNIST.

namespace mnist {

/// A picture to be read, of the size that the network takes, light on dark.
struct Picture {
  std::string name;
  xtape::nn::GreyImage image;
};

/// The picture that `name` tells: a PNG file, which is made like MNIST's images by like_mnist(), or
/// `FILE:NUMBER`, an image of an IDX file (raw or compressed by gzip, counted from 0), which is
/// taken as it is. Throws DataError, one line that names the file, when there is none.
Picture read_picture(const std::string& name);

/// The picture as the makers of MNIST would have it, 28 x 28: light ink on black, scaled so that it
/// just fits into 20 x 20 pixels, and placed so that its centre of mass is in the middle. What is
/// on the border most often is taken for the paper, and is turned black. Throws DataError that
/// begins with `name` when nothing is drawn on it.
xtape::nn::GreyImage like_mnist(const xtape::nn::GreyImage& picture, const std::string& name);

}  // namespace mnist
