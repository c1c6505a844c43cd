#pragma once

#include <cstddef>
#include <vector>

#include "nn/module.hpp"
#include "nn/optim/optimizer.hpp"
#include "nn/train/local_steps.hpp"
#include "nn/train/process_group.hpp"

namespace xtape::nn::detail {

/// The mean of what the ranks of a group have trained apart, and the outer step. With d, the mean
/// over the ranks of how far the weights w have moved since the last outer step:
///
///     m = momentum * m + d
///     w = w of the last outer step + rate * (d + momentum * m)
///
/// All ranks then have the same weights. They also get the means of the buffers and of the state
/// of the optimizer. So a checkpoint of rank 0 is a checkpoint of all. A rank counts in a mean as
/// many samples as it has trained on since the last outer step.
template <class T>
class OuterStep {
 public:
  /// Refers to the arrays of the model and to the optimizer. A null group is one rank.
  template <class Model>
  OuterStep(ProcessGroup* group, const LocalSteps& options, Model& model, Optimizer<T>& optimizer)
      : group_(group), options_(options), optimizer_(optimizer) {
    for_each_array(model, [&](const ParameterName& name, Array<T>& array) -> void {
      (name.is_buffer() ? buffers_ : parameters_).push_back(&array);
    });
    make_momentum();
  }

  /// Takes the weights as those of the last outer step.
  void begin();

  /// Counts the samples of a batch, and how many of them are of this rank.
  void count(double mine, double all) {
    mine_ += mine;
    all_ += all;
  }

  /// Makes the outer step. All ranks must have made the same number of steps. Does not allocate
  /// after the first call.
  void step();

  /// Returns m for each parameter of the model, in the order of the visit lines. Without momentum,
  /// the result is empty.
  std::vector<Array<T>>& momentum() { return momentum_; }

 private:
  void make_momentum();
  void average_weights();
  void move(std::size_t index, const T* change);
  void average_buffers();

  ProcessGroup* group_;
  LocalSteps options_;
  Optimizer<T>& optimizer_;
  std::vector<Array<T>*> parameters_, buffers_;
  std::vector<Array<T>> last_;      // the weights of the last outer step
  std::vector<Array<T>> momentum_;  // m
  double mine_ = 0, all_ = 0;       // samples since the last outer step
  std::vector<T> numbers_;
  std::vector<double> buffer_numbers_;
};

extern template class OuterStep<float>;
extern template class OuterStep<double>;

}  // namespace xtape::nn::detail
