#pragma once

#include "autograd/tape.hpp"
#include "tensor/axes.hpp"

/// @file
/// Reductions over some or all axes. The reduced axes are dropped, or kept with extent 1 if
/// `keepdims` is true. dy is the gradient of the result y. Each function throws ShapeError if x has
/// no such axis.

namespace xtape {

/// Returns y, the sum of x over the axes. dx is dy, broadcast to the shape of x. The sum of no
/// elements is 0.
template <class T>
Variable<T> sum(Variable<T> x, const Axes& axes = Axes::all(), bool keepdims = false);

/// Returns y, the mean of x over the axes. dx is dy / n, broadcast to the shape of x, for means of
/// n elements. Throws ShapeError if n is 0.
template <class T>
Variable<T> mean(Variable<T> x, const Axes& axes = Axes::all(), bool keepdims = false);

/// Returns y, the largest element over the axes. dx is dy at the largest element and 0 elsewhere.
/// In a tie, the first element in row-major order gets the gradient. NaN counts as the largest.
/// Throws ShapeError if one of the axes is empty.
template <class T>
Variable<T> max(Variable<T> x, const Axes& axes = Axes::all(), bool keepdims = false);

/// Returns y, the smallest element over the axes. dx is dy at the smallest element and 0 elsewhere.
/// In a tie, the first element in row-major order gets the gradient. NaN counts as the smallest.
/// Throws ShapeError if one of the axes is empty.
template <class T>
Variable<T> min(Variable<T> x, const Axes& axes = Axes::all(), bool keepdims = false);

/// Returns y, the product of x over the axes. dx is dy times the product of the other elements,
/// also if some elements are 0. The product of no elements is 1.
template <class T>
Variable<T> prod(Variable<T> x, const Axes& axes = Axes::all(), bool keepdims = false);

/// Returns y = sum (x - mean)^2 / (n - correction) over the axes, for n elements each,   dx = 2 dy
/// (x - mean) / (n - correction). The correction is 1 by default. With correction 0, as in
/// NumPy, y is the mean squared deviation. Throws ShapeError unless n is greater than the
/// correction.
template <class T>
Variable<T> var(Variable<T> x, const Axes& axes = Axes::all(), bool keepdims = false,
                std::size_t correction = 1);

/// Returns y = sqrt(sum x^2) over the axes,   dx = dy x / y. dx is 0 if y is 0.
template <class T>
Variable<T> norm(Variable<T> x, const Axes& axes = Axes::all(), bool keepdims = false);

/// Returns y = ln(sum e^x) over the axes,   dx = dy e^(x - y). The op subtracts the largest element
/// first, so that numbers of any size do not overflow. For no elements, y is -inf.
template <class T>
Variable<T> logsumexp(Variable<T> x, const Axes& axes = Axes::all(), bool keepdims = false);

/// Returns y, the running sums of x along `axis`: y[i] = x[0] + ... + x[i],   dx[i] = dy[i] + ... +
/// dy[n - 1].
template <class T>
Variable<T> cumsum(Variable<T> x, std::ptrdiff_t axis);

}  // namespace xtape
