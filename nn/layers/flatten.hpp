#pragma once

#include "autograd/ops/shaping.hpp"

namespace xtape::nn {

/// A layer that flattens all axes except the first into one. Use Flatten between images and a
/// Linear.
struct Flatten {
  /// Maps (batch, ...) to (batch, features). Throws ShapeError for a scalar.
  template <class T>
  Variable<T> operator()(Variable<T> x) const {
    const Shape& shape = x.shape();
    require<ShapeError>(!shape.empty(), "Flatten: expected (batch, ...), got {}", shape);
    std::size_t features = 1;
    for (std::size_t axis = 1; axis < shape.size(); ++axis) {
      features *= shape[axis];
    }
    return reshape(x, Shape{shape[0], features});
  }
};

}  // namespace xtape::nn
