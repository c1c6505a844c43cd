#pragma once

#include "autograd/ops/activations.hpp"
#include "autograd/ops/dropout.hpp"
#include "autograd/ops/shaping.hpp"
#include "autograd/ops/softmax.hpp"

/// @file
/// Layers without parameters: the ops of the same names, as modules.

namespace xtape::nn {

/// xtape::sigmoid as a layer.
struct Sigmoid {
  /// 1 / (1 + e^-x) of each element.
  template <class T>
  Variable<T> operator()(Variable<T> x) const {
    return sigmoid(x);
  }
};

/// xtape::tanh as a layer.
struct Tanh {
  /// tanh(x) of each element.
  template <class T>
  Variable<T> operator()(Variable<T> x) const {
    return tanh(x);
  }
};

/// xtape::relu as a layer.
struct ReLU {
  /// max(x, 0) of each element.
  template <class T>
  Variable<T> operator()(Variable<T> x) const {
    return relu(x);
  }
};

/// xtape::leaky_relu as a layer.
struct LeakyReLU {
  double slope = 0.01;  ///< What numbers below 0 are multiplied by.

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
  template <class T>
  Variable<T> operator()(Variable<T> x) const {
    return gelu(x);
  }
};

/// xtape::softmax along the last axis as a layer. A network that is trained with
/// SoftmaxCrossEntropy ends without it: the loss takes logits.
struct Softmax {
  /// e^x divided by its sum along the last axis. Throws ShapeError when that axis is empty.
  template <class T>
  Variable<T> operator()(Variable<T> x) const {
    return softmax(x);
  }
};

/// All axes but the first made one, as between images and a Linear.
struct Flatten {
  /// (batch, ...) to (batch, features). Throws ShapeError for a scalar.
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

/// xtape::dropout with the tape's own random numbers as a layer: active in training, the identity
/// under NoGrad.
class Dropout {
 public:
  /// Throws ValueError unless 0 <= rate <= 1.
  explicit Dropout(double rate) : rate_(rate) {
    require<ValueError>(rate >= 0 && rate <= 1, "Dropout: expected a rate in [0, 1], got {}", rate);
  }

  /// xtape::dropout(x, rate, x.tape().rng()).
  template <class T>
  Variable<T> operator()(Variable<T> x) const {
    return dropout(x, rate_, x.tape().rng());
  }

  /// What tables and errors call it: "Dropout 0.5".
  std::string describe() const { return fmt::format("Dropout {}", rate_); }

  /// Names nothing: the rate is not learnt.
  static void visit(auto&, auto&&) {}

 private:
  double rate_;
};

}  // namespace xtape::nn
