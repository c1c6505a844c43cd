#pragma once

#include <optional>

#include "nn/optim/optimizer.hpp"

namespace xtape::nn {

/// Options of Adam and AdamW. The optimizers throw ValueError if an option is out of range.
struct AdamOptions {
  LearningRate learning_rate = 1e-3;        ///< At least 0.
  double beta1 = 0.9;                       ///< In [0, 1).
  double beta2 = 0.999;                     ///< In [0, 1).
  double epsilon = 1e-8;                    ///< Above 0.
  std::optional<double> weight_decay = {};  ///< At least 0. Unset: 0, for AdamW 0.01.
  ParameterFactors factors = {};            ///< Factors of learning_rate and weight_decay by name.
};

/// Adam (Kingma and Ba 2015), with the gradient g of each parameter w in step t = 1, 2, ...:
///
///     g += weight_decay w
///     m  = beta1 m + (1 - beta1) g          (m = v = 0 at first)
///     v  = beta2 v + (1 - beta2) g^2
///     w -= learning_rate m' / (sqrt(v') + epsilon)
///          with m' = m / (1 - beta1^t) and v' = v / (1 - beta2^t)
///
/// The factors of a parameter multiply its learning_rate and its weight_decay.
///
/// t counts all steps of the optimizer, also those in which w was frozen. PyTorch counts the steps
/// of w. So a parameter that is thawed after many steps can first make steps of up to seven times
/// the learning_rate, with the default betas. A new optimizer avoids that.
template <class T = float>
class Adam : public Optimizer<T> {
 public:
  /// Creates the optimizer. Throws ValueError if an option is out of range.
  explicit Adam(AdamOptions initial = {});

  /// The options. They may change between steps. The constructor sets an unset weight decay.
  AdamOptions options;

 protected:
  /// The place where weight decay acts. in_gradient adds weight_decay w to the gradient, as in
  /// Adam. decoupled subtracts learning_rate weight_decay w from the parameter, as in AdamW.
  enum class WeightDecay { in_gradient, decoupled };

  /// Creates a variant of Adam with another name and weight decay.
  Adam(const char* name, AdamOptions initial, WeightDecay weight_decay);

 private:
  const LearningRate& rate() const override { return options.learning_rate; }
  std::size_t prepare() const override;
  const ParameterFactors& factors() const override { return options.factors; }
  bool holds_squares(std::size_t index) const override { return index == 1; }
  void update(Array<T>& parameter, const Array<T>& grad, std::span<Array<T>> state,
              double learning_rate, double decay) override;
  double default_decay() const { return weight_decay_ == WeightDecay::decoupled ? 0.01 : 0; }

  WeightDecay weight_decay_;
};

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019). Weight decay does not change the
/// gradient. It shrinks the parameter before the step:
///
///     w -= learning_rate weight_decay w
template <class T = float>
class AdamW : public Adam<T> {
 public:
  /// Creates the optimizer. Throws ValueError if an option is out of range.
  explicit AdamW(AdamOptions initial = {});
};

extern template class Adam<float>;
extern template class Adam<double>;
extern template class AdamW<float>;
extern template class AdamW<double>;

}  // namespace xtape::nn
