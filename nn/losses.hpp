#pragma once

#include "autograd/ops/losses.hpp"

namespace xtape::nn {

/// xtape::softmax_cross_entropy as a module: `criterion(logits, labels)` with class indices, or
/// with rows of target probabilities.
struct SoftmaxCrossEntropy {
  Reduction reduction = Reduction::mean;  ///< Over the rows of the batch.

  /// Returns the loss, a scalar. Throws as xtape::softmax_cross_entropy does.
  ///@{
  template <class T>
  Variable<T> operator()(Variable<T> logits, Indices labels) const {
    return softmax_cross_entropy(logits, labels, reduction);
  }
  template <class T>
  Variable<T> operator()(Variable<T> logits, Variable<T> targets) const {
    return softmax_cross_entropy(logits, targets, reduction);
  }
  ///@}
};

/// xtape::mse as a module: `criterion(prediction, target)`.
struct MSE {
  Reduction reduction = Reduction::mean;  ///< Over all elements.

  /// The loss, one number. Throws ShapeError unless both have the same shape.
  template <class T>
  Variable<T> operator()(Variable<T> prediction, Variable<T> target) const {
    return mse(prediction, target, reduction);
  }
};

}  // namespace xtape::nn
