#pragma once

#include "autograd/ops/losses.hpp"
#include "nn/data/batches.hpp"

namespace xtape::nn {

/// xtape::softmax_cross_entropy as a module: `criterion(logits, labels)` with class indices, or
/// with rows of target probabilities. The targets of a batch are class indices if they are integers
/// or bytes, else probabilities.
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
  template <class T>
  Variable<T> operator()(Variable<T> logits, const BatchSamples& targets) const {
    return targets.are_integers() ? (*this)(logits, Indices(targets))
                                  : (*this)(logits, logits.tape().constant(targets));
  }
  ///@}
};

/// xtape::mse as a module: `criterion(prediction, target)`, or with the targets of a batch.
struct MSE {
  Reduction reduction = Reduction::mean;  ///< Over all elements.

  /// The loss, one number. Throws ShapeError unless both have the same shape.
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
