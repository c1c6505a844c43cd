#pragma once

#include "nn/optim/optimizer.hpp"

namespace xtape::nn {

/// Options of SGD. The optimizer throws ValueError if an option is out of range.
struct SGDOptions {
  LearningRate learning_rate = 0.01;  ///< At least 0.
  double momentum = 0;                ///< In [0, 1).
  bool nesterov = false;              ///< Requires momentum.
  double weight_decay = 0;            ///< At least 0.
  ParameterFactors factors = {};      ///< Factors of both rates by the names of parameters.
};

/// Stochastic gradient descent with the gradient g of each parameter w:
///
///     g += weight_decay w
///     v  = momentum v + g                   (v = 0 at first)
///     w -= learning_rate v                  or, with nesterov, learning_rate (g + momentum v)
///
/// The factors of a parameter multiply its learning_rate and its weight_decay.
/// Momentum follows Polyak (1964). Nesterov momentum follows Sutskever et al. (2013). Both have
/// PyTorch's form.
///
///     nn::SGD sgd({.learning_rate = 0.5, .momentum = 0.9});
template <class T = float>
class SGD : public Optimizer<T> {
 public:
  /// Creates the optimizer. Throws ValueError if an option is out of range.
  explicit SGD(SGDOptions initial = {});

  /// The options. They may change between steps.
  SGDOptions options;

 private:
  const LearningRate& rate() const override { return options.learning_rate; }
  const ParameterFactors& factors() const override { return options.factors; }
  std::size_t prepare() const override;
  void update(Array<T>& parameter, const Array<T>& grad, std::span<Array<T>> state,
              double learning_rate, double decay) override;
};

extern template class SGD<float>;
extern template class SGD<double>;

}  // namespace xtape::nn
