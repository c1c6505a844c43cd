#pragma once

#include "autograd/ops/arithmetic.hpp"
#include "autograd/ops/matrix.hpp"
#include "nn/layers/linear.hpp"

/// @file
/// Products with weights along the last axis, for layers that read sequences.

namespace xtape::nn::detail {

/// Returns x op(W) + b along the last axis of x (..., in), for weights op(W) (in, out).
template <class T>
Variable<T> affine(Variable<T> x, Variable<T> weight, Transpose transpose, Variable<T> bias) {
  return xtape::detail::matmul(x, Transpose::no, weight, transpose) + bias;
}

/// Returns what a Linear makes of each vector along the last axis of x (..., in).
template <class T>
Variable<T> each_step(const Linear<T>& linear, Variable<T> x) {
  const Variable<T> weight = x.tape().parameter(linear.weight);
  return affine(x, weight, Transpose::no, x.tape().parameter(linear.bias));
}

}  // namespace xtape::nn::detail
