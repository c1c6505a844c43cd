#pragma once

#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

#include "autograd/tape.hpp"
#include "nn/data/batches.hpp"
#include "nn/module.hpp"

/// @file
/// Running statistics: buffers that average statistics of the training batches, such as the means
/// of nn::BatchNorm. A call of a model does not change the model. So the call puts the statistics
/// of its batch on the tape (Tape::observe). One line of the loop stores them, after the
/// optimizer's step:
///
///     optimizer.step(model, tape);
///     nn::update_statistics(model, tape);

namespace xtape::nn {

namespace detail {

/// Throws ValueError unless 0 < momentum <= 1.
void require_momentum(double momentum);

/// Updates a buffer with the observations of it. Throws ShapeError if the size of the buffer has
/// changed since the observation.
template <class T>
void take_in(const ParameterName& name, Array<T>& buffer,
             std::span<const Observation<std::type_identity_t<T>>> observations, double momentum);

}  // namespace detail

/// Updates the running statistics of `model` with the observations on `tape`. Running averages
/// become (1 - momentum) * old + momentum * new, with momentum as in PyTorch. Counts grow. Call
/// update_statistics() once after each step, before Tape::rewind(). A model without running
/// statistics does not change. The tape may be one of Dual numbers. Throws ValueError unless 0 <
/// momentum <= 1. Throws ShapeError if the size of a buffer has changed since the observation.
template <class Model, class S>
void update_statistics(Model&& model, const Tape<S>& tape, double momentum = 0.1) {
  detail::require_momentum(momentum);
  for_each_buffer(model, [&](const ParameterName& name, Array<Real<S>>& buffer) -> void {
    detail::take_in(name, buffer, tape.observations(), momentum);
  });
}

/// Replaces the running statistics of `model` by the mean of the statistics of the batches,
/// weighted by their numbers of samples. Use measure_statistics() after the weights have changed
/// without a step, for example by averaging. Or use it for statistics without the noise of the last
/// batches. The model is called as in training, with dropout. The parameters do not change. Rewinds
/// the tape. Throws ValueError if there are no batches, or if the tape is under NoGrad.
///@{
template <class Model, class T>
void measure_statistics(Model& model, Batches& batches, Tape<T>& tape) {
  require<ValueError>(tape.grad_enabled(),
                      "measure_statistics: under NoGrad, layers do not measure their batches");
  double samples = 0;
  for (const Batch& batch : batches) {
    tape.rewind();
    std::as_const(model)(tape.constant(batch.inputs));
    samples += static_cast<double>(batch.size());
    update_statistics(model, tape, static_cast<double>(batch.size()) / samples);
  }
  tape.rewind();
  require<ValueError>(samples > 0, "measure_statistics: there are no samples");
}

/// Measures the statistics of a dataset in batches of almost equal size, at most `batch_size`.
/// Throws ValueError if `batch_size` is 0.
template <class Model, class T>
void measure_statistics(Model& model, const Dataset& data, Tape<T>& tape,
                        std::size_t batch_size = 500) {
  require<ValueError>(batch_size > 0,
                      "measure_statistics: expected a batch_size of at least 1, got 0");
  const std::size_t count = data.size() / batch_size + (data.size() % batch_size == 0 ? 0 : 1);
  const std::size_t size = count == 0 ? batch_size : (data.size() + count - 1) / count;
  Batches batches(data, size);
  measure_statistics(model, batches, tape);
}
///@}

}  // namespace xtape::nn
