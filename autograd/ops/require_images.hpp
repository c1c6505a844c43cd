#pragma once

#include "tensor/shape.hpp"

namespace xtape::detail {

/// Throws ShapeError, with the name `op`, unless the shape has the four axes of images.
inline void require_images(const char* op, const Shape& shape) {
  require<ShapeError>(shape.size() == 4,
                      "{}: expected images (batch, height, width, channels), got {}", op, shape);
}

}  // namespace xtape::detail
