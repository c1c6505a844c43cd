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

}  // namespace xtape
