#pragma once

#include <cstddef>
#include <utility>

#include "autograd/tape.hpp"
#include "nn/data/batches.hpp"
#include "nn/module.hpp"

/// @file
/// Running statistics: buffers that follow what the batches of a training say, such as the means
/// of nn::BatchNorm. A model's call does not change the model, so it notes the statistics of its
/// batch on the tape (Tape::observe). One line of the loop stores them, after the optimizer's:
///
///     optimizer.step(model, tape);
///     nn::update_statistics(model, tape);

namespace xtape::nn {

namespace detail {

/// Throws ValueError unless 0 < momentum <= 1.
void require_momentum(double momentum);

/// Lets a buffer take in what the recording of the tape has observed of it. Throws ShapeError if
/// the buffer has changed its size since.
template <class T>
void take_in(const ParameterName& name, Array<T>& buffer, const Tape<T>& tape, double momentum);

}  // namespace detail

/// Lets the buffers of `model` take in what the recording of `tape` has observed: running averages
/// become (1 - momentum) * old + momentum * new, in PyTorch's sense of momentum, and counts grow.
/// Call it once after each step, before Tape::rewind(). A recording without it changes nothing. A
/// model without running statistics stays as it is. Throws ValueError unless 0 < momentum <= 1,
/// ShapeError if a buffer has changed its size since it was observed.
template <class Model, class T>
void update_statistics(Model&& model, const Tape<T>& tape, double momentum = 0.1) {
  detail::require_momentum(momentum);
  for_each_buffer(model, [&](const ParameterName& name, Array<T>& buffer) -> void {
    detail::take_in(name, buffer, tape, momentum);
  });
}

/// Replaces the running statistics of `model` by the mean of those of the batches, weighted by
/// their samples. Use it after the weights have changed without a step, as by averaging, or for
/// statistics without the noise of the last batches. The batches go through the model as in
/// training, with dropout, and the parameters stay as they are. Rewinds the tape. Throws ValueError
/// if there are no batches, and if the tape is under NoGrad.
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

/// Goes through the dataset in batches of almost equal size, at most `batch_size`. Throws
/// ValueError if `batch_size` is 0.
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
