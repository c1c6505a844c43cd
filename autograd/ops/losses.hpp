#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>

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
/// With class weights w, the term of row i is multiplied by w(label(i)), and the mean divides by
/// the sum of w(label(i)) instead of B. Label smoothing multiplies ln p(i, j) by w(j). Rows whose
/// label is `ignore_index` do not count.
///
/// The loss is computed from the logits, so it is accurate for logits of any size. The logarithm
/// needs no epsilon. Throws ShapeError unless there is one label for each row, at least one row,
/// and one weight for each class. Throws ValueError if a label is not a class, unless 0 <=
/// label_smoothing < 1, if a weight is negative or not finite, or if the mean would divide by 0.
template <class T>
Variable<T> softmax_cross_entropy(Variable<T> logits, Indices labels,
                                  Reduction reduction = Reduction::mean, double label_smoothing = 0,
                                  std::span<const double> class_weights = {},
                                  std::optional<std::int64_t> ignore_index = {});

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

/// Returns the mean absolute error L = (1/n) sum |prediction - target| over all n elements. The
/// gradient of an element is sign(prediction - target) / n, with sign(0) = 0. With
/// Reduction::sum, the factor 1/n is left out. One operand may be an array, which is a constant.
/// Throws ShapeError unless both have the same shape.
///@{
template <class T>
Variable<T> l1(Variable<T> prediction, Variable<T> target, Reduction reduction = Reduction::mean);
template <class A, BesideArray<A> B>
Variable<scalar_of<A, B>> l1(A&& prediction, B&& target, Reduction reduction = Reduction::mean) {
  return detail::beside_array([=](auto x, auto t) { return l1(x, t, reduction); }, prediction,
                              target);
}
///@}

/// Returns the loss L = (1/n) sum h(e) for the errors e = prediction - target of all n elements,
/// with h(e) = e^2 / 2 if |e| <= delta, else delta (|e| - delta / 2) (Huber 1964). The gradient of
/// an element is e / n, clipped to [-delta, delta] / n. Divided by delta, it is what PyTorch calls
/// the smooth L1 loss with beta = delta. With Reduction::sum, the factor 1/n is left out. One
/// operand may be an array, which is a constant. Throws ShapeError unless both have the same shape.
/// Throws ValueError unless delta is above 0 and finite.
///@{
template <class T>
Variable<T> huber(Variable<T> prediction, Variable<T> target, Reduction reduction = Reduction::mean,
                  double delta = 1);
template <class A, BesideArray<A> B>
Variable<scalar_of<A, B>> huber(A&& prediction, B&& target, Reduction reduction = Reduction::mean,
                                double delta = 1) {
  return detail::beside_array([=](auto x, auto t) { return huber(x, t, reduction, delta); },
                              prediction, target);
}
///@}

/// Returns the loss L = -(1/n) sum (t ln p + (1 - t) ln(1 - p)) with p = sigmoid(logits), over all
/// n elements. The targets t are 0, 1, or probabilities between them. The gradients are d(logits) =
/// (p - t) / n and dt = -logits / n. The loss is computed from the logits, so it is accurate for
/// logits of any size. With Reduction::sum, the factor 1/n is left out. One operand may be an
/// array, which is a constant. Throws ShapeError unless both have the same shape.
///@{
template <class T>
Variable<T> sigmoid_cross_entropy(Variable<T> logits, Variable<T> targets,
                                  Reduction reduction = Reduction::mean);
template <class A, BesideArray<A> B>
Variable<scalar_of<A, B>> sigmoid_cross_entropy(A&& logits, B&& targets,
                                                Reduction reduction = Reduction::mean) {
  return detail::beside_array(
      [=](auto x, auto t) { return sigmoid_cross_entropy(x, t, reduction); }, logits, targets);
}
///@}

/// Returns the Kullback-Leibler divergence L = (1/B) sum t (ln t - log_p) of the distribution p
/// from the targets t, with 0 ln 0 = 0, for B rows of log probabilities, as log_softmax() gives
/// them. The gradient is d(log_p) = -t / B. With Reduction::sum, the factor 1/B is left out. One
/// operand may be an array, which is a constant. Throws ShapeError unless both have the same shape,
/// or for a mean over no rows.
///@{
template <class T>
Variable<T> kl_divergence(Variable<T> log_p, Variable<T> targets,
                          Reduction reduction = Reduction::mean);
template <class A, BesideArray<A> B>
Variable<scalar_of<A, B>> kl_divergence(A&& log_p, B&& targets,
                                        Reduction reduction = Reduction::mean) {
  return detail::beside_array([=](auto x, auto t) { return kl_divergence(x, t, reduction); }, log_p,
                              targets);
}
///@}

}  // namespace xtape
