#pragma once

#include <string>

#include "examples/images/picture.hpp"

namespace mnist {

/// Returns the picture `name`, light on dark. A PNG file is converted by nn::like_mnist().
/// `FILE:NUMBER` is an image of an IDX file (raw or gzipped), counted from 0 and not converted.
/// Throws DataError, with the name of the file, if there is none.
images::Picture read_picture(const std::string& name);

}  // namespace mnist
