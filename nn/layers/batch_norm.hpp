#pragma once

#include <cstddef>
#include <string>

#include "autograd/ops/normalization.hpp"

namespace xtape::nn {

/// What a BatchNorm learns.
struct BatchNormOptions {
  double epsilon = 1e-5;  ///< Added to the variance.
  bool weight = true;     ///< Learn a weight for each channel, which begins at 1.
  bool bias = true;       ///< Learn a bias for each channel, which begins at 0.
};

/// The op xtape::batch_norm as a layer, for (batch, ..., channels). In training, it normalises by
/// the mean and the variance of the batch, and notes them on the tape for nn::update_statistics().
/// Under NoGrad, it normalises by the running averages of both. With `fixed`, it does so in
/// training, too, notes nothing, and gradients flow through it.
///
/// The running variance counts n - 1 of n values, as PyTorch's does, and the normalisation all n.
/// `num_batches_tracked` counts the updates. A float counts up to 16,777,216 and stays there.
template <class T = float>
class BatchNorm {
 public:
  /// Creates the layer. Throws ValueError if there are no channels, or unless epsilon is finite and
  /// at least 0.
  explicit BatchNorm(std::size_t channels, const BatchNormOptions& options = {});

  /// Throws ShapeError unless the last axis of x has the channels, and in training if there is
  /// only one value for each channel. Throws ValueError under NoGrad and with `fixed` if no
  /// statistics were ever stored.
  Variable<T> operator()(Variable<T> x) const;

  /// Returns the name in tables and errors: "BatchNorm 64".
  std::string describe() const { return fmt::format("BatchNorm {}", running_mean.size()); }

  /// Returns the options from the constructor.
  const BatchNormOptions& options() const { return options_; }

  /// Names the parameters "weight" and "bias", as far as the options want them, and the buffers
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

  Array<T> weight;            ///< (channels), or empty.
  Array<T> bias;              ///< (channels), or empty.
  Array<T> running_mean;      ///< (channels).
  Array<T> running_variance;  ///< (channels).
  Array<T> batches;           ///< The number of updates: ().
  bool fixed = false;         ///< Normalise by the running statistics in training, too.

 private:
  Variable<T> train(Variable<T> x) const;
  Variable<T> by_fixed_statistics(Variable<T> x) const;
  Variable<T> evaluate(Variable<T> x) const;
  void require_statistics() const;

  BatchNormOptions options_;
};

extern template class BatchNorm<float>;
extern template class BatchNorm<double>;

}  // namespace xtape::nn
