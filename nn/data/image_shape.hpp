#pragma once

#include <cstddef>

#include "tensor/error.hpp"
#include "tensor/shape.hpp"

namespace xtape::nn::detail {

/// The extents of an image.
struct ImageShape {
  std::size_t rows, columns, channels;
};

/// Returns the extents of a sample (rows, columns) or (rows, columns, channels). Throws ShapeError,
/// with the name of the transform, for any other shape.
inline ImageShape image_shape(const char* transform, const Shape& shape) {
  require<ShapeError>(
      shape.size() == 2 || shape.size() == 3,
      "{}: expected images (rows, columns) or (rows, columns, channels), got samples {}", transform,
      shape);
  return {shape[0], shape[1], shape.size() == 3 ? shape[2] : 1};
}

}  // namespace xtape::nn::detail
