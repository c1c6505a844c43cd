#pragma once

#include "autograd/activations.hpp"
#include "autograd/dropout.hpp"
#include "autograd/shaping.hpp"
#include "autograd/softmax.hpp"

/// Layers without parameters: the ops of the same names, as modules.

namespace xtape::nn {

/// xtape::sigmoid as a layer.
struct Sigmoid {
  template <class T>
  Variable<T> operator()(Variable<T> x) const {
    return sigmoid(x);
  }
};

/// xtape::tanh as a layer.
struct Tanh {
  template <class T>
  Variable<T> operator()(Variable<T> x) const {
    return tanh(x);
  }
};

/// xtape::relu as a layer.
struct ReLU {
  template <class T>
  Variable<T> operator()(Variable<T> x) const {
    return relu(x);
  }
};

/// xtape::leaky_relu as a layer.
struct LeakyReLU {
  double slope = 0.01;

  template <class T>
  Variable<T> operator()(Variable<T> x) const {
    return leaky_relu(x, static_cast<T>(slope));
  }
  std::string describe() const { return fmt::format("LeakyReLU {}", slope); }
  static void visit(auto&, auto&&) {}
};

/// xtape::gelu as a layer.
struct GELU {
  template <class T>
  Variable<T> operator()(Variable<T> x) const {
    return gelu(x);
  }
};

/// xtape::softmax along the last axis as a layer. A network that is trained with
/// SoftmaxCrossEntropy ends without it: the loss takes logits.
struct Softmax {
  template <class T>
  Variable<T> operator()(Variable<T> x) const {
    return softmax(x);
  }
};

/// (batch, ...) to (batch, features), all axes but the first made one. Throws ShapeError for a
/// scalar.
struct Flatten {
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

  template <class T>
  Variable<T> operator()(Variable<T> x) const {
    return dropout(x, rate_, x.tape().rng());
  }

  std::string describe() const { return fmt::format("Dropout {}", rate_); }
  static void visit(auto&, auto&&) {}

 private:
  double rate_;
};

}  // namespace xtape::nn
