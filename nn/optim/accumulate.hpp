#pragma once

#include <vector>

#include "nn/optim/optimizer.hpp"

namespace xtape::nn {

/// The mean of the gradients of several batches, for a step over more samples than fit in memory:
///
///     for (const auto& part : parts) {
///       tape.rewind();
///       tape.backward(criterion(model(tape.constant(part.inputs)), part.targets));
///       gradients.add(model, tape, part.size());
///     }
///     gradients.average(model, tape);
///     optimizer.step(model, tape);
///
/// A GradientAccumulator does not allocate after the first step.
template <class T = float>
class GradientAccumulator {
 public:
  /// Adds the gradients of all parameters of `model`, times `weight`, to a sum. A parameter must be
  /// frozen in all parts of a sum or in none. If the loss of a batch is a mean, its weight is the
  /// number of samples. Strong exception guarantee. Throws ValueError unless the weight and the sum
  /// of the weights are above 0 and finite numbers of T. Throws TapeError, with the name of the
  /// parameter, if a parameter has no gradient. Throws ShapeError if the model, or what of it is
  /// frozen, has changed since the last average().
  template <class Model>
  void add(const Model& model, const Tape<T>& tape, double weight = 1) {
    require_weight(weight);
    gather(model, tape);
    add_gathered(weight);
  }

  /// Replaces the gradients of the tape by the weighted mean of the added gradients. The sum is
  /// then empty again. Strong exception guarantee. Throws ValueError if no gradients were added,
  /// and as add() does.
  template <class Model>
  void average(const Model& model, Tape<T>& tape) {
    require<ValueError>(!empty(), "{}: no gradients were added", user);
    gather(model, tape);
    average_gathered();
  }

  /// Empties the sum.
  void clear() { weights_ = 0; }

  /// True if no gradients were added since the last average() or clear().
  bool empty() const { return !(weights_ > 0); }

 private:
  static constexpr const char* user = "GradientAccumulator";

  /// Checks all parameters and fills gradients_.
  template <class Model>
  void gather(const Model& model, const Tape<T>& tape) {
    gradients_.clear();
    for_each_parameter(model, [&](const ParameterName& name, const Array<T>& parameter) {
      gradients_.push_back(detail::gradient_of(user, name, parameter, tape));
      require_same(name, parameter);
    });
    require_all();
  }

  void require_weight(double weight) const;
  void require_same(const ParameterName& name, const Array<T>& parameter) const;
  void require_all() const;
  void begin();
  void add_gathered(double weight);
  void average_gathered();

  std::vector<Array<T>*> gradients_;  // of the current call. Null: frozen
  std::vector<Array<T>> sums_;        // for each parameter
  std::vector<bool> frozen_;          // for each parameter
  double weights_ = 0;
};

extern template class GradientAccumulator<float>;
extern template class GradientAccumulator<double>;

}  // namespace xtape::nn
