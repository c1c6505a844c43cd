#pragma once

#include <concepts>

#include "autograd/ops/beside_array.hpp"
#include "autograd/tape.hpp"
#include "tensor/indices.hpp"

/// @file
/// Loss functions. Each returns a scalar.

namespace xtape {

namespace detail {

/// Logits and target probabilities, one of them a Variable. A range of integers is none, because
/// integers are labels.
template <class Targets, class Logits>
concept TargetsBeside = BesideArray<Logits, Targets> && !std::convertible_to<Targets, Indices>;

}  // namespace detail

/// The reduction of a loss over a batch: the mean or the sum.
enum class Reduction { mean, sum };

/// Returns the loss L = -(1/B) sum_i ln p(i, label(i)) with p = softmax(logits), for logits (batch,
/// classes) with B rows. The gradient is d(logits) = (p - one_hot(labels)) / B. With
/// Reduction::sum, the factor 1/B is left out of both. With label smoothing s (Szegedy et al.
/// 2016), the target of a row is not one_hot(label) but (1 - s) one_hot(label) + s / classes.
///
/// The loss is computed from the logits, so it is accurate for logits of any size. The logarithm
/// needs no epsilon. Throws ShapeError unless there is one label for each row, and at least one
/// row. Throws ValueError if a label is not a class, or unless 0 <= label_smoothing < 1.
template <class T>
Variable<T> softmax_cross_entropy(Variable<T> logits, Indices labels,
                                  Reduction reduction = Reduction::mean,
                                  double label_smoothing = 0);

/// Returns the loss L = -(1/B) sum_ij t(i, j) ln p(i, j) for target probabilities t (batch,
/// classes), with 0 ln 0 = 0. The targets may need a gradient, too. With label smoothing s, the
/// targets are (1 - s) t + s / classes. One operand may be an array, which is a constant. Throws
/// ShapeError unless targets and logits have the same shape. Throws ValueError unless 0 <=
/// label_smoothing < 1.
///@{
template <class T>
Variable<T> softmax_cross_entropy(Variable<T> logits, Variable<T> targets,
                                  Reduction reduction = Reduction::mean,
                                  double label_smoothing = 0);
template <class A, detail::TargetsBeside<A> B>
Variable<scalar_of<A, B>> softmax_cross_entropy(A&& logits, B&& targets,
                                                Reduction reduction = Reduction::mean,
                                                double label_smoothing = 0) {
  return detail::beside_array(
      [=](auto x, auto t) { return softmax_cross_entropy(x, t, reduction, label_smoothing); },
      logits, targets);
}
///@}

/// Returns the mean squared error L = (1/n) sum (prediction - target)^2 over all n elements. With
/// Reduction::sum, the factor 1/n is left out. One operand may be an array, which is a constant.
/// Throws ShapeError unless both have the same shape.
///@{
template <class T>
Variable<T> mse(Variable<T> prediction, Variable<T> target, Reduction reduction = Reduction::mean);
template <class A, BesideArray<A> B>
Variable<scalar_of<A, B>> mse(A&& prediction, B&& target, Reduction reduction = Reduction::mean) {
  return detail::beside_array([=](auto x, auto t) { return mse(x, t, reduction); }, prediction,
                              target);
}
///@}

}  // namespace xtape
