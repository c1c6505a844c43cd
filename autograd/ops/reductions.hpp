#pragma once

#include "autograd/tape.hpp"
#include "tensor/axes.hpp"

/// @file
/// Reductions over some or all axes. The reduced axes are dropped, or kept with extent 1 when
/// `keepdims` is true. Each throws ShapeError for an axis that x does not have; dy is the gradient
/// of the result y.

namespace xtape {

/// y = the sum of x over the axes,   dx = dy stretched back. The sum of no elements is 0.
template <class T>
Variable<T> sum(Variable<T> x, const Axes& axes = Axes::all(), bool keepdims = false);

/// y = the sum over the axes divided by the number n of elements summed,   dx = dy / n stretched
/// back. Throws ShapeError when n is 0.
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
