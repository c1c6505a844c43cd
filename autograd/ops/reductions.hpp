#pragma once

#include "autograd/tape.hpp"
#include "tensor/axes.hpp"

/// @file
/// Reductions over some or all axes. The reduced axes are dropped, or kept with extent 1 if
/// `keepdims` is true. dy is the gradient of the result y. Each function throws ShapeError if x
/// lacks an axis.

namespace xtape {

/// y = the sum of x over the axes,   dx = dy, broadcast back. The sum of no elements is 0.
template <class T>
Variable<T> sum(Variable<T> x, const Axes& axes = Axes::all(), bool keepdims = false);

/// y = the mean of x over the axes,   dx = dy / n, broadcast back, with the number n of elements
/// per mean. Throws ShapeError if n is 0.
template <class T>
Variable<T> mean(Variable<T> x, const Axes& axes = Axes::all(), bool keepdims = false);

/// y = the largest element over the axes,   dx = dy at the largest element and 0 elsewhere. A tie
/// goes to the first element in row-major order. NaN counts as the largest. Throws ShapeError if
/// one of the axes is empty.
template <class T>
Variable<T> max(Variable<T> x, const Axes& axes = Axes::all(), bool keepdims = false);

/// y = the smallest element over the axes,   dx = dy at the smallest element and 0 elsewhere. A tie
/// goes to the first element in row-major order. NaN counts as the smallest. Throws ShapeError if
/// one of the axes is empty.
template <class T>
Variable<T> min(Variable<T> x, const Axes& axes = Axes::all(), bool keepdims = false);

}  // namespace xtape
