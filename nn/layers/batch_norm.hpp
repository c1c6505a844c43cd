#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "autograd/ops/normalization.hpp"

namespace xtape::nn {

/// The options of BatchNorm.
struct BatchNormOptions {
  double epsilon = 1e-5;  ///< Added to the variance.
  bool weight = true;     ///< True to learn a weight for each channel. It begins at 1.
  bool bias = true;       ///< True to learn a bias for each channel. It begins at 0.
};

/// The op xtape::batch_norm as a layer, for (batch, ..., channels). In training, it normalises by
/// the mean and the variance of the batch. It records both on the tape for nn::update_statistics().
/// Under NoGrad, it normalises by the running averages of both.
///
/// If `fixed` is true, the layer uses the running averages in training, too, and does not measure
/// the batch. Gradients flow through the layer.
///
/// Second derivatives in training include those of the mean and the variance of the batch. The
/// running averages are plain numbers and have no derivative.
///
/// The running variance of n values divides by n - 1, as PyTorch does. The normalisation of a batch
/// divides by n. `num_batches_tracked` counts the updates. A float counts up to 16,777,216 and
/// stays there.
template <class T = float>
class BatchNorm {
 public:
  /// Creates the layer. Throws ValueError if `channels` is 0, or if epsilon is negative or not
  /// finite.
  explicit BatchNorm(std::size_t channels, const BatchNormOptions& options = {});

  /// Returns the normalised x. Throws ShapeError unless the last axis of x has the channels. In
  /// training, throws ShapeError if there is only one value for each channel. Under NoGrad and with
  /// `fixed`, throws ValueError if no statistics were ever stored.
  template <NumberOver<T> S>
  Variable<S> operator()(Variable<S> x) const;

  /// Returns the name in tables and errors: "BatchNorm 64".
  std::string describe() const { return fmt::format("BatchNorm {}", running_mean.size()); }

  /// Returns the options from the constructor.
  const BatchNormOptions& options() const { return options_; }

  /// Names the parameters "weight" and "bias", if the options ask for them, and the buffers
  /// "running_mean", "running_var" and "num_batches_tracked".
  static void visit(auto& self, auto&& f) {
    if (self.options_.weight) {
      f("weight", self.weight);
    }
    if (self.options_.bias) {
      f("bias", self.bias);
    }
    f.buffer("running_mean", self.running_mean);
    f.buffer("running_var", self.running_variance);
    f.buffer("num_batches_tracked", self.batches);
  }
  /// See nn/module.hpp.
  static constexpr std::string_view counted = "num_batches_tracked";

  Array<T> weight;            ///< (channels), or empty.
  Array<T> bias;              ///< (channels), or empty.
  Array<T> running_mean;      ///< (channels).
  Array<T> running_variance;  ///< (channels).
  Array<T> batches;           ///< The number of updates: ().
  bool fixed = false;         ///< Normalise by the running statistics in training, too.

 private:
  template <class S>
  Variable<S> train(Variable<S> x) const;
  template <class S>
  Variable<S> by_fixed_statistics(Variable<S> x) const;
  template <class S>
  Variable<S> evaluate(Variable<S> x) const;
  void require_statistics() const;

  BatchNormOptions options_;
};

extern template class BatchNorm<float>;
extern template class BatchNorm<double>;

}  // namespace xtape::nn
