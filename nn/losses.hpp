#pragma once

#include "autograd/ops/losses.hpp"
#include "nn/data/batches.hpp"

namespace xtape::nn {

/// The op xtape::softmax_cross_entropy as a module: `criterion(logits, targets)`. Targets are
/// labels, or rows of probabilities. The targets of a batch are labels if they are integers or
/// bytes, and probabilities otherwise.
///
///     const nn::SoftmaxCrossEntropy criterion{.label_smoothing = 0.1};
struct SoftmaxCrossEntropy {
  Reduction reduction = Reduction::mean;  ///< The reduction over the rows of a batch.
  double label_smoothing = 0;  ///< The part of a target that all classes share. In [0, 1).

  /// Returns the loss, a scalar. Throws as xtape::softmax_cross_entropy does.
  ///@{
  template <class T>
  Variable<T> operator()(Variable<T> logits, Indices labels) const {
    return softmax_cross_entropy(logits, labels, reduction, label_smoothing);
  }
  template <class T>
  Variable<T> operator()(Variable<T> logits, Variable<T> targets) const {
    return softmax_cross_entropy(logits, targets, reduction, label_smoothing);
  }
  template <class T>
  Variable<T> operator()(Variable<T> logits, const BatchSamples& targets) const {
    return targets.are_integers() ? (*this)(logits, Indices(targets))
                                  : (*this)(logits, logits.tape().constant(targets));
  }
  ///@}
};

/// The op xtape::mse as a module: `criterion(prediction, target)`. The target may be the targets of
/// a batch.
struct MSE {
  Reduction reduction = Reduction::mean;  ///< The reduction over all elements.

  /// Returns the loss, a scalar. Throws ShapeError unless prediction and target have the same
  /// shape.
  ///@{
  template <class T>
  Variable<T> operator()(Variable<T> prediction, Variable<T> target) const {
    return mse(prediction, target, reduction);
  }
  template <class T>
  Variable<T> operator()(Variable<T> prediction, const BatchSamples& target) const {
    return (*this)(prediction, prediction.tape().constant(target));
  }
  ///@}
};

}  // namespace xtape::nn
