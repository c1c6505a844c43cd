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
  /// frozen in all parts of a sum or in none. If the loss of a
  /// batch is a mean, its weight is the number of samples. Throws ValueError unless the weight is
  /// above 0 and finite. Throws TapeError, with the name of the parameter, if a parameter has no
  /// gradient. Throws ShapeError if the model, or what of it is frozen, has changed since the last
  /// average().
  template <class Model>
  void add(const Model& model, const Tape<T>& tape, double weight = 1) {
    require_weight(weight);
    std::size_t index = 0;
    for_each_parameter(model, [&](const ParameterName& name, const Array<T>& parameter) {
      if (const Array<T>* grad = detail::gradient_of(user, name, parameter, tape)) {
        add(index, name, *grad, weight);
      } else {
        note(index, name, true);
      }
      ++index;
    });
    weights_ += weight;
  }

  /// Replaces the gradients of the tape by the weighted mean of the added gradients. The sum is
  /// then empty again. Throws ValueError if no gradients were added, and as add() does.
  template <class Model>
  void average(const Model& model, Tape<T>& tape) {
    require<ValueError>(!empty(), "{}: no gradients were added", user);
    std::size_t index = 0;
    for_each_parameter(model, [&](const ParameterName& name, const Array<T>& parameter) {
      if (Array<T>* grad = detail::gradient_of(user, name, parameter, tape)) {
        write(index, name, *grad);
      } else {
        require_noted(index, name, true);
      }
      ++index;
    });
    weights_ = 0;
  }

  /// Empties the sum.
  void clear() { weights_ = 0; }

  /// True if no gradients were added since the last average() or clear().
  bool empty() const { return !(weights_ > 0); }

 private:
  static constexpr const char* user = "GradientAccumulator";

  static void require_weight(double weight);
  void add(std::size_t index, const ParameterName& name, const Array<T>& grad, double weight);
  void note(std::size_t index, const ParameterName& name, bool frozen);
  void require_noted(std::size_t index, const ParameterName& name, bool frozen) const;
  void write(std::size_t index, const ParameterName& name, Array<T>& grad) const;
  const Array<T>& sum_of(std::size_t index, const ParameterName& name, const Array<T>& grad) const;

  std::vector<Array<T>> sums_;
  std::vector<bool> frozen_;  // for each parameter
  double weights_ = 0;
};

extern template class GradientAccumulator<float>;
extern template class GradientAccumulator<double>;

}  // namespace xtape::nn
