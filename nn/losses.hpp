#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "autograd/ops/losses.hpp"
#include "nn/data/batches.hpp"

namespace xtape::nn {

/// The op xtape::softmax_cross_entropy as a module: `criterion(logits, targets)`. Targets are
/// labels, or rows of probabilities. The targets of a batch are labels if they are integers or
/// bytes, and probabilities otherwise.
///
///     const nn::SoftmaxCrossEntropy criterion{.label_smoothing = 0.1, .ignore_index = 255};
struct SoftmaxCrossEntropy {
  Reduction reduction = Reduction::mean;  ///< The reduction over the rows of a batch.
  double label_smoothing = 0;  ///< The part of a target that all classes share. In [0, 1).
  std::vector<double> class_weights = {};  ///< A weight for each class, or empty. For labels.
  std::optional<std::int64_t> ignore_index = {};  ///< The label of rows that do not count.

  /// Returns the loss, a scalar. Throws as xtape::softmax_cross_entropy does.
  ///@{
  template <class T>
  Variable<T> operator()(Variable<T> logits, Indices labels) const {
    return softmax_cross_entropy(logits, labels, reduction, label_smoothing, class_weights,
                                 ignore_index);
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

/// The op xtape::l1 as a module: `criterion(prediction, target)`. The target may be the
/// targets of a batch.
struct L1 {
  Reduction reduction = Reduction::mean;  ///< The reduction over all elements.

  /// Returns the loss, a scalar. Throws as xtape::l1 does.
  ///@{
  template <class T>
  Variable<T> operator()(Variable<T> prediction, Variable<T> target) const {
    return l1(prediction, target, reduction);
  }
  template <class T>
  Variable<T> operator()(Variable<T> prediction, const BatchSamples& target) const {
    return (*this)(prediction, prediction.tape().constant(target));
  }
  ///@}
};

/// The op xtape::huber as a module: `criterion(prediction, target)`. The target may be the
/// targets of a batch.
struct Huber {
  Reduction reduction = Reduction::mean;  ///< The reduction over all elements.
  double delta = 1;                       ///< The error up to which the loss is quadratic.

  /// Returns the loss, a scalar. Throws as xtape::huber does.
  ///@{
  template <class T>
  Variable<T> operator()(Variable<T> prediction, Variable<T> target) const {
    return huber(prediction, target, reduction, delta);
  }
  template <class T>
  Variable<T> operator()(Variable<T> prediction, const BatchSamples& target) const {
    return (*this)(prediction, prediction.tape().constant(target));
  }
  ///@}
};

/// The op xtape::sigmoid_cross_entropy as a module: `criterion(logits, targets)`. The targets
/// may be the targets of a batch: 0, 1, or probabilities.
struct SigmoidCrossEntropy {
  Reduction reduction = Reduction::mean;  ///< The reduction over all elements.

  /// Returns the loss, a scalar. Throws as xtape::sigmoid_cross_entropy does.
  ///@{
  template <class T>
  Variable<T> operator()(Variable<T> logits, Variable<T> targets) const {
    return sigmoid_cross_entropy(logits, targets, reduction);
  }
  template <class T>
  Variable<T> operator()(Variable<T> logits, const BatchSamples& targets) const {
    return (*this)(logits, logits.tape().constant(targets));
  }
  ///@}
};

/// The op xtape::kl_divergence as a module: `criterion(log_p, targets)`. The targets may
/// be the targets of a batch: probabilities.
struct KLDivergence {
  Reduction reduction = Reduction::mean;  ///< The reduction over the rows of a batch.

  /// Returns the loss, a scalar. Throws as xtape::kl_divergence does.
  ///@{
  template <class T>
  Variable<T> operator()(Variable<T> log_p, Variable<T> targets) const {
    return kl_divergence(log_p, targets, reduction);
  }
  template <class T>
  Variable<T> operator()(Variable<T> log_p, const BatchSamples& targets) const {
    return (*this)(log_p, log_p.tape().constant(targets));
  }
  ///@}
};

}  // namespace xtape::nn
