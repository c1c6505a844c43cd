#pragma once

#include "nn/optim/optimizer.hpp"

namespace xtape::nn {

/// Options of RMSprop. The optimizer throws ValueError if an option is out of range.
struct RMSpropOptions {
  LearningRate learning_rate = 0.01;  ///< At least 0.
  double alpha = 0.99;                ///< In [0, 1).
  double epsilon = 1e-8;              ///< Above 0.
  double momentum = 0;                ///< In [0, 1).
  bool centered = false;              ///< Divides by the standard deviation of the gradient.
  double weight_decay = 0;            ///< At least 0.
  ParameterFactors factors = {};      ///< Factors of both rates by the names of parameters.
};

/// RMSprop (Tieleman and Hinton 2012), with the gradient g of each parameter w:
///
///     g += weight_decay w
///     v  = alpha v + (1 - alpha) g^2        (v = m = b = 0 at first)
///     m  = alpha m + (1 - alpha) g          if centered, else m stays 0
///     b  = momentum b + g / (sqrt(v - m^2) + epsilon)
///     w -= learning_rate b
///
/// The factors of a parameter multiply its learning_rate and its weight_decay. The form is
/// PyTorch's.
template <class T = float>
class RMSprop : public Optimizer<T> {
 public:
  /// Creates the optimizer. Throws ValueError if an option is out of range.
  explicit RMSprop(RMSpropOptions initial = {});

  /// The options. They may change between steps, except `centered`, and `momentum` to or from 0.
  RMSpropOptions options;

 private:
  const LearningRate& rate() const override { return options.learning_rate; }
  const ParameterFactors& factors() const override { return options.factors; }
  std::size_t prepare() const override;
  bool holds_squares(std::size_t index) const override { return index == 0; }
  void update(Array<T>& parameter, const Array<T>& grad, std::span<Array<T>> state,
              double learning_rate, double decay) override;
};

extern template class RMSprop<float>;
extern template class RMSprop<double>;

}  // namespace xtape::nn
