#pragma once

#include <vector>

#include "nn/optim/optimizer.hpp"

namespace xtape::nn {

/// The mean of the gradients of several batches, for a step that is larger than what fits in
/// memory:
///
///     for (const auto& part : parts) {
///       tape.rewind();
///       tape.backward(criterion(model(tape.constant(part.inputs)), part.targets));
///       gradients.add(model, tape, part.size());
///     }
///     gradients.average(model, tape);
///     optimizer.step(model, tape);
///
/// After the first step it allocates nothing.
template <class T = float>
class GradientAccumulator {
 public:
  /// Adds the gradients of all parameters of `model` to a sum, times `weight`: the number of
  /// samples of a batch whose loss is a mean. Throws ValueError unless the weight is above 0 and
  /// finite, TapeError naming a parameter without a gradient, ShapeError if the model has changed
  /// since the last average().
  template <class Model>
  void add(const Model& model, const Tape<T>& tape, double weight = 1) {
    require_weight(weight);
    std::size_t index = 0;
    for_each_parameter(model, [&](const ParameterName& name, const Array<T>& parameter) {
      add(index++, name, detail::gradient_of(user, name, parameter, tape), weight);
    });
    weights_ += weight;
  }

  /// Replaces the gradients of the tape by the weighted mean of those added, and forgets them.
  /// Throws ValueError if none were added, and as add() does.
  template <class Model>
  void average(const Model& model, Tape<T>& tape) {
    require<ValueError>(!empty(), "{}: no gradients were added", user);
    std::size_t index = 0;
    for_each_parameter(model, [&](const ParameterName& name, const Array<T>& parameter) {
      write(index++, name, detail::gradient_of(user, name, parameter, tape));
    });
    weights_ = 0;
  }

  /// Forgets the gradients that were added.
  void clear() { weights_ = 0; }

  /// Returns true if no gradients were added since the last average().
  bool empty() const { return !(weights_ > 0); }

 private:
  static constexpr const char* user = "GradientAccumulator";

  static void require_weight(double weight);
  void add(std::size_t index, const ParameterName& name, const Array<T>& grad, double weight);
  void write(std::size_t index, const ParameterName& name, Array<T>& grad) const;
  const Array<T>& sum_of(std::size_t index, const ParameterName& name, const Array<T>& grad) const;

  std::vector<Array<T>> sums_;
  double weights_ = 0;
};

extern template class GradientAccumulator<float>;
extern template class GradientAccumulator<double>;

}  // namespace xtape::nn
