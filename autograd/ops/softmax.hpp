#pragma once

#include "autograd/tape.hpp"

/// @file
/// Softmax and its logarithm, along the last axis. Large inputs do not overflow. Both ops throw
/// ShapeError if the last axis is empty. dy is the gradient of the result y.

namespace xtape {

/// Returns y(i, j) = e^x(i, j) / sum_k e^x(i, k),   dx = y (dy - sum_k dy_k y_k).
template <class T>
Variable<T> softmax(Variable<T> x);

/// Returns y(i, j) = x(i, j) - ln sum_k e^x(i, k),   dx = dy - e^y sum_k dy_k.
template <class T>
Variable<T> log_softmax(Variable<T> x);

}  // namespace xtape
