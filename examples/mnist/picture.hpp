#pragma once

#include <string>

#include "nn/data/png.hpp"

namespace mnist {

/// A picture to read, light on dark, in the size of the network's input.
struct Picture {
  std::string name;
  xtape::nn::GreyImage image;
};

/// Returns the picture `name`. A PNG file is converted by nn::like_mnist(). `FILE:NUMBER` is an
/// image of an IDX file (raw or gzipped), counted from 0 and not converted. Throws DataError, with
/// the name of the file, if there is none.
Picture read_picture(const std::string& name);

}  // namespace mnist
