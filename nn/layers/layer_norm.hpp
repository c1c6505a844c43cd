#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

#include "autograd/ops/normalization.hpp"

namespace xtape::nn {

/// The op xtape::layer_norm as a layer. It normalises each sample over its last axes, and learns a
/// weight and a bias for each element of these axes.
template <class T = float>
class LayerNorm {
 public:
  /// Creates a layer that normalises over the last axis, which has `features` elements. Throws
  /// ValueError if `features` is 0.
  explicit LayerNorm(std::size_t features, double epsilon = 1e-5)
      : LayerNorm(Shape{features}, epsilon) {}

  /// Creates a layer that normalises over the last axes, which have this shape. Throws ValueError
  /// if the shape has no axes or no elements.
  explicit LayerNorm(const Shape& shape, double epsilon = 1e-5) : epsilon_(epsilon) {
    require<ValueError>(!shape.empty() && element_count(shape, "LayerNorm") > 0,
                        "LayerNorm: expected a shape with elements, got {}", shape);
    weight = Array<T>(shape, T(1));
    bias = Array<T>(shape, T(0));
  }

  /// Returns xtape::layer_norm(x, weight, bias). Throws ShapeError unless the last axes of x have
  /// the shape of the weight.
  template <NumberOver<T> S>
  Variable<S> operator()(Variable<S> x) const {
    const std::size_t axes = weight.dimension(), rank = x.shape().size();
    const bool fits =
        rank >= axes && std::equal(weight.shape().begin(), weight.shape().end(),
                                   x.shape().end() - static_cast<std::ptrdiff_t>(axes));
    if (!fits) [[unlikely]] {
      fail<ShapeError>("{}: expected the last axes {}, got {}", describe(), weight.shape(),
                       x.shape());
    }
    const Variable<S> w = x.tape().parameter(weight);
    return layer_norm(x, w, x.tape().parameter(bias), epsilon_, axes);
  }

  /// Returns the name in tables and errors: "LayerNorm (64)".
  std::string describe() const { return fmt::format("LayerNorm {}", weight.shape()); }

  /// Names the parameters: "weight", "bias".
  static void visit(auto& self, auto&& f) { f("weight", self.weight), f("bias", self.bias); }

  Array<T> weight;  ///< The weight, with the shape of the last axes.
  Array<T> bias;    ///< The bias, with the shape of the last axes.

 private:
  double epsilon_;
};

}  // namespace xtape::nn
