#pragma once

#include <string>

#include "autograd/ops/activations.hpp"
#include "autograd/ops/arithmetic.hpp"
#include "autograd/ops/softmax.hpp"

/// @file
/// Layers without parameters. Most call the op of their name. A lambda makes a layer of any op:
/// `nn::Sequential{nn::Linear(2, 3, rng), [](auto x) { return exp(x); }}`.

namespace xtape::nn {

/// The op xtape::sigmoid as a layer.
struct Sigmoid {
  /// Returns 1 / (1 + e^-x) of each element.
  auto operator()(auto x) const { return sigmoid(x); }
};

/// The op xtape::tanh as a layer.
struct Tanh {
  /// Returns tanh(x) of each element.
  auto operator()(auto x) const { return tanh(x); }
};

/// The op xtape::relu as a layer.
struct ReLU {
  /// Returns max(x, 0) of each element.
  auto operator()(auto x) const { return relu(x); }
};

/// The op xtape::leaky_relu as a layer.
struct LeakyReLU {
  double slope = 0.01;  ///< The factor for numbers below 0.

  /// Returns x where x > 0, else slope * x, of each element.
  template <class T>
  Variable<T> operator()(Variable<T> x) const {
    return leaky_relu(x, static_cast<Real<T>>(slope));
  }
  /// Returns the name in tables and errors: "LeakyReLU 0.01".
  std::string describe() const { return fmt::format("LeakyReLU {}", slope); }

  /// Names nothing, because the slope is not trained.
  static void visit(auto&, auto&&) {}
};

/// The op xtape::elu as a layer.
struct ELU {
  double alpha = 1;  ///< The distance of the lower bound from 0.

  /// Returns x where x > 0, else alpha (e^x - 1), of each element.
  template <class T>
  Variable<T> operator()(Variable<T> x) const {
    return elu(x, static_cast<Real<T>>(alpha));
  }
  /// Returns the name in tables and errors: "ELU 1".
  std::string describe() const { return fmt::format("ELU {}", alpha); }

  /// Names nothing, because alpha is not trained.
  static void visit(auto&, auto&&) {}
};

/// The function x sigmoid(x) as a layer (Elfwing et al. 2018).
struct SiLU {
  /// Returns x / (1 + e^-x) of each element.
  auto operator()(auto x) const { return x * sigmoid(x); }
};

/// The op xtape::gelu as a layer.
struct GELU {
  /// Returns x Phi(x) of each element, with the normal distribution function Phi.
  auto operator()(auto x) const { return gelu(x); }
};

/// The op xtape::softplus as a layer.
struct Softplus {
  /// Returns ln(1 + e^x) of each element.
  auto operator()(auto x) const { return softplus(x); }
};

/// The op xtape::softmax along the last axis as a layer. Do not end a network with it if you train
/// with SoftmaxCrossEntropy, which takes logits.
struct Softmax {
  /// Returns e^x divided by its sum along the last axis. Throws ShapeError if that axis is empty.
  auto operator()(auto x) const { return softmax(x); }
};

/// The op xtape::log_softmax along the last axis as a layer.
struct LogSoftmax {
  /// Returns x - ln(sum of e^x along the last axis). Throws ShapeError if that axis is empty.
  auto operator()(auto x) const { return log_softmax(x); }
};

}  // namespace xtape::nn
