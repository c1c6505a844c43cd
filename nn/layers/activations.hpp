#pragma once

#include <string>

#include "autograd/ops/activations.hpp"
#include "autograd/ops/softmax.hpp"

/// @file
/// Layers without parameters: the ops of the same names, as modules. Any op can be a layer, as a
/// function or a lambda: `nn::Sequential{nn::Linear(2, 3, rng), xtape::exp<float>}`.

namespace xtape::nn {

/// xtape::sigmoid as a layer.
struct Sigmoid {
  /// 1 / (1 + e^-x) of each element.
  auto operator()(auto x) const { return sigmoid(x); }
};

/// xtape::tanh as a layer.
struct Tanh {
  /// tanh(x) of each element.
  auto operator()(auto x) const { return tanh(x); }
};

/// xtape::relu as a layer.
struct ReLU {
  /// max(x, 0) of each element.
  auto operator()(auto x) const { return relu(x); }
};

/// xtape::leaky_relu as a layer.
struct LeakyReLU {
  double slope = 0.01;  ///< The factor for numbers below 0.

  /// x where x > 0, else slope * x, of each element.
  template <class T>
  Variable<T> operator()(Variable<T> x) const {
    return leaky_relu(x, static_cast<T>(slope));
  }
  /// What tables and errors call it: "LeakyReLU 0.01".
  std::string describe() const { return fmt::format("LeakyReLU {}", slope); }

  /// Names nothing: the slope is not learnt.
  static void visit(auto&, auto&&) {}
};

/// xtape::gelu as a layer.
struct GELU {
  /// x Phi(x) of each element, with Phi the normal distribution function.
  auto operator()(auto x) const { return gelu(x); }
};

/// xtape::softplus as a layer.
struct Softplus {
  /// ln(1 + e^x) of each element.
  auto operator()(auto x) const { return softplus(x); }
};

/// xtape::softmax along the last axis as a layer. A network that is trained with
/// SoftmaxCrossEntropy ends without it: the loss takes logits.
struct Softmax {
  /// e^x divided by its sum along the last axis. Throws ShapeError if that axis is empty.
  auto operator()(auto x) const { return softmax(x); }
};

/// xtape::log_softmax along the last axis as a layer.
struct LogSoftmax {
  /// x - ln(sum of e^x along the last axis). Throws ShapeError if that axis is empty.
  auto operator()(auto x) const { return log_softmax(x); }
};

}  // namespace xtape::nn
