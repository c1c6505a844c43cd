#pragma once

#include <string>

#include "examples/images/picture.hpp"

namespace cifar10 {

/// Returns the picture `name`. Of a PNG file, the square in its middle is scaled to the size of
/// CIFAR-10's images. `FILE:NUMBER` is an image of a binary file of CIFAR-10, counted from 0.
/// Throws DataError, with the name of the file, if there is none.
images::Picture read_picture(const std::string& name);

}  // namespace cifar10
