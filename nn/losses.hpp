#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "autograd/ops/losses.hpp"
#include "nn/data/batches.hpp"

namespace xtape::nn {

namespace detail {

/// Records the targets of a batch as numbers. Throws ValueError for one byte a sample.
template <class T>
Variable<T> numbers_of(const char* loss, Tape<T>& tape, const BatchSamples& targets) {
  targets.require_numbers(loss);
  return tape.constant(targets);
}

}  // namespace detail

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

  /// Returns the loss, a scalar. Throws as xtape::softmax_cross_entropy does. Throws ValueError for
  /// probabilities if there are class_weights or an ignore_index.
  ///@{
  template <class T>
  Variable<T> operator()(Variable<T> logits, Indices labels) const {
    return softmax_cross_entropy(logits, labels, reduction, label_smoothing, class_weights,
                                 ignore_index);
  }
  template <class T>
  Variable<T> operator()(Variable<T> logits, Variable<T> targets) const {
    require<ValueError>(class_weights.empty() && !ignore_index,
                        "SoftmaxCrossEntropy: class_weights and ignore_index are for labels, and "
                        "the targets are probabilities");
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
  /// shape. Throws ValueError if the target is one byte for each sample.
  ///@{
  template <class T>
  Variable<T> operator()(Variable<T> prediction, Variable<T> target) const {
    return mse(prediction, target, reduction);
  }
  template <class T, BesideArray<Variable<T>> A>
  Variable<T> operator()(Variable<T> prediction, const A& target) const {
    return mse(prediction, target, reduction);
  }
  template <class T>
  Variable<T> operator()(Variable<T> prediction, const BatchSamples& target) const {
    return (*this)(prediction, detail::numbers_of("MSE", prediction.tape(), target));
  }
  ///@}
};

/// The op xtape::l1 as a module: `criterion(prediction, target)`. The target may be the
/// targets of a batch.
struct L1 {
  Reduction reduction = Reduction::mean;  ///< The reduction over all elements.

  /// Returns the loss, a scalar. Throws as xtape::l1 does, and ValueError if the targets are one
  /// byte for each sample.
  ///@{
  template <class T>
  Variable<T> operator()(Variable<T> prediction, Variable<T> target) const {
    return l1(prediction, target, reduction);
  }
  template <class T, BesideArray<Variable<T>> A>
  Variable<T> operator()(Variable<T> prediction, const A& target) const {
    return l1(prediction, target, reduction);
  }
  template <class T>
  Variable<T> operator()(Variable<T> prediction, const BatchSamples& target) const {
    return (*this)(prediction, detail::numbers_of("L1", prediction.tape(), target));
  }
  ///@}
};

/// The op xtape::huber as a module: `criterion(prediction, target)`. The target may be the
/// targets of a batch.
struct Huber {
  Reduction reduction = Reduction::mean;  ///< The reduction over all elements.
  double delta = 1;                       ///< The error up to which the loss is quadratic.

  /// Returns the loss, a scalar. Throws as xtape::huber does, and ValueError if the targets are one
  /// byte for each sample.
  ///@{
  template <class T>
  Variable<T> operator()(Variable<T> prediction, Variable<T> target) const {
    return huber(prediction, target, reduction, delta);
  }
  template <class T, BesideArray<Variable<T>> A>
  Variable<T> operator()(Variable<T> prediction, const A& target) const {
    return huber(prediction, target, reduction, delta);
  }
  template <class T>
  Variable<T> operator()(Variable<T> prediction, const BatchSamples& target) const {
    return (*this)(prediction, detail::numbers_of("Huber", prediction.tape(), target));
  }
  ///@}
};

/// The op xtape::sigmoid_cross_entropy as a module: `criterion(logits, targets)`. The targets
/// may be the targets of a batch: 0, 1, or probabilities.
struct SigmoidCrossEntropy {
  Reduction reduction = Reduction::mean;  ///< The reduction over all elements.

  /// Returns the loss, a scalar. Throws as xtape::sigmoid_cross_entropy does, and ValueError if the
  /// targets are one byte for each sample.
  ///@{
  template <class T>
  Variable<T> operator()(Variable<T> logits, Variable<T> targets) const {
    return sigmoid_cross_entropy(logits, targets, reduction);
  }
  template <class T, BesideArray<Variable<T>> A>
  Variable<T> operator()(Variable<T> logits, const A& targets) const {
    return sigmoid_cross_entropy(logits, targets, reduction);
  }
  template <class T>
  Variable<T> operator()(Variable<T> logits, const BatchSamples& targets) const {
    return (*this)(logits, detail::numbers_of("SigmoidCrossEntropy", logits.tape(), targets));
  }
  ///@}
};

/// The op xtape::kl_divergence as a module: `criterion(log_p, targets)`. The targets may
/// be the targets of a batch: probabilities.
struct KLDivergence {
  Reduction reduction = Reduction::mean;  ///< The reduction over the rows of a batch.

  /// Returns the loss, a scalar. Throws as xtape::kl_divergence does, and ValueError if the targets
  /// are one byte for each sample.
  ///@{
  template <class T>
  Variable<T> operator()(Variable<T> log_p, Variable<T> targets) const {
    return kl_divergence(log_p, targets, reduction);
  }
  template <class T, BesideArray<Variable<T>> A>
  Variable<T> operator()(Variable<T> log_p, const A& targets) const {
    return kl_divergence(log_p, targets, reduction);
  }
  template <class T>
  Variable<T> operator()(Variable<T> log_p, const BatchSamples& targets) const {
    return (*this)(log_p, detail::numbers_of("KLDivergence", log_p.tape(), targets));
  }
  ///@}
};

}  // namespace xtape::nn
