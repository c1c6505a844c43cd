#pragma once

#include "autograd/ops/matrix.hpp"
#include "nn/initializers.hpp"

namespace xtape::nn {

/// A layer that computes y = x W + b for a batch x (batch, in), with weight W (in, out) and bias b
/// (out). Samples of any shape with `in` elements, such as images (batch, rows, columns), are read
/// as rows.
template <class T = float>
class Linear {
 public:
  /// Creates a layer. `initialize` draws the weights, and the biases are 0. Throws ValueError if
  /// `in` or `out` is 0. Throws ShapeError if the number of weights overflows.
  ///@{
  template <class Initializer = GlorotUniform>
  Linear(std::size_t in, std::size_t out, Rng& rng, Initializer initialize = {}) {
    require<ValueError>(in > 0 && out > 0, "Linear: expected sizes of at least 1, got {} -> {}", in,
                        out);
    resize(weight, Shape{in, out});
    bias = Array<T>(Shape{out}, T(0));
    initialize(weight, rng);
  }

  /// Creates a layer for samples of this shape, such as flattened images (height, width, channels).
  /// PyTorch flattens them as (channels, height, width). So files in PyTorch's layout hold the
  /// weight in that order. Two axes are (length, channels): grey images are {height, width, 1}.
  template <class Initializer = GlorotUniform>
  Linear(const Shape& sample, std::size_t out, Rng& rng, Initializer initialize = {})
      : Linear(element_count(sample), out, rng, initialize) {
    flattened_ = sample;
  }
  ///@}

  /// Returns x W + b. Throws ShapeError if the samples of x do not have `in` elements, or if the
  /// weights were moved from.
  template <NumberOver<T> S>
  Variable<S> operator()(Variable<S> x) const {
    require<ShapeError>(weight.dimension() == 2, "Linear: expected weights (in, out), got {}",
                        weight.shape());
    const std::size_t in = weight.shape()[0];
    if (!xtape::detail::holds_rows(x.shape(), in)) [[unlikely]] {
      fail<ShapeError>("{}: expected (batch, {}), got {}", describe(), in, x.shape());
    }
    const Variable<S> w = x.tape().parameter(weight);  // before the bias, for any compiler
    return linear(x, w, x.tape().parameter(bias));
  }

  /// Returns the name in tables and errors: "Linear 784 -> 128", or "Linear" if its weights were
  /// moved from.
  std::string describe() const {
    return weight.dimension() == 2
               ? fmt::format("Linear {} -> {}", weight.shape()[0], weight.shape()[1])
               : "Linear";
  }

  /// Names the parameters: "weight", "bias".
  static void visit(auto& self, auto&& f) { f("weight", self.weight), f("bias", self.bias); }

  /// The name of the weight, which PyTorch stores as (out, in). See nn/module.hpp.
  static constexpr std::string_view transposed_in_pytorch = "weight";

  /// Returns the shape of the samples. It is empty if the constructor got their number of elements.
  const Shape& flattened() const { return flattened_; }

  Array<T> weight;  ///< (in, out).
  Array<T> bias;    ///< (out).

 private:
  Shape flattened_;
};

}  // namespace xtape::nn
