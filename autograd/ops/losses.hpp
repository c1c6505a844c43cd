#pragma once

#include <concepts>

#include "autograd/ops/beside_array.hpp"
#include "autograd/tape.hpp"
#include "tensor/indices.hpp"

/// @file
/// What training makes small: one number for a batch.

namespace xtape {

namespace detail {

/// Logits and target probabilities of which one is a Variable; integers are labels.
template <class Targets, class Logits>
concept TargetsBeside = BesideArray<Logits, Targets> && !std::convertible_to<Targets, Indices>;

}  // namespace detail

/// Whether a loss is averaged or added up.
enum class Reduction { mean, sum };

/// L = -(1/B) sum_i ln p(i, label(i)) with p = softmax(logits), over a batch of B rows (batch,
/// classes); d(logits) = (p - one_hot(labels)) / B. With Reduction::sum, both without the 1/B.
///
/// Computed from the logits, so that it is right for logits of any size and no epsilon is needed
/// inside the logarithm. Throws ShapeError unless there is one label for each row, and at least one
/// row; ValueError for a label that is no class.
template <class T>
Variable<T> softmax_cross_entropy(Variable<T> logits, Indices labels,
                                  Reduction reduction = Reduction::mean);

/// L = -(1/B) sum_ij t(i, j) ln p(i, j) for target probabilities t (batch, classes), which may
/// themselves need a gradient, taking 0 ln 0 = 0. Throws ShapeError unless targets and logits have
/// the same shape. One of them may be an array: it is a constant.
///@{
template <class T>
Variable<T> softmax_cross_entropy(Variable<T> logits, Variable<T> targets,
                                  Reduction reduction = Reduction::mean);
template <class A, detail::TargetsBeside<A> B>
Variable<scalar_of<A, B>> softmax_cross_entropy(A&& logits, B&& targets,
                                                Reduction reduction = Reduction::mean) {
  return detail::beside_array(
      [=](auto x, auto t) { return softmax_cross_entropy(x, t, reduction); }, logits, targets);
}
///@}

/// L = (1/n) sum (prediction - target)^2 over all n elements; with Reduction::sum without the 1/n.
/// Throws ShapeError unless both have the same shape. One of them may be an array: it is a
/// constant.
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
