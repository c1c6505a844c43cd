#pragma once

#include <string>

#include "nn/data/png.hpp"

namespace mnist {

/// A picture to be read, of the size that the network takes, light on dark.
struct Picture {
  std::string name;
  xtape::nn::GreyImage image;
};

/// The picture that `name` tells: a PNG file, which is made like MNIST's images by
/// nn::like_mnist(), or `FILE:NUMBER`, an image of an IDX file (raw or compressed by gzip, counted
/// from 0), which is taken as it is. Throws DataError, one line that names the file, when there is
/// none.
Picture read_picture(const std::string& name);

}  // namespace mnist
