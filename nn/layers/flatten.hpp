#pragma once

#include "autograd/ops/shaping.hpp"

namespace xtape::nn {

/// A layer that flattens all axes except the first into one. Use Flatten between images and a
/// Linear. For files in PyTorch's layout, the Linear must know the shape of the images:
///
///     nn::Flatten{}, nn::Linear({8, 8, 64}, 10, rng)
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

  /// Returns true, so the layers behind it know that they read flattened samples. See
  /// nn/io/weights.hpp.
  static constexpr bool is_flatten() { return true; }
};

}  // namespace xtape::nn
