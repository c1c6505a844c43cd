#pragma once

#include "autograd/ops/beside_array.hpp"
#include "autograd/tape.hpp"

/// @file
/// Matrix products, by gemm().

namespace xtape {

namespace detail {

/// True if each sample of a batch of this shape, (batch, ...), holds `width` numbers.
bool holds_rows(const Shape& batch, std::size_t width);

}  // namespace detail

/// Y = A B for A (m, k) and B (k, n),   dA = dY B^T, dB = A^T dY. Throws ShapeError when the shapes
/// do not fit. One of them may be an array: it is a constant.
///@{
template <class T>
Variable<T> matmul(Variable<T> a, Variable<T> b);
template <class A, BesideArray<A> B>
Variable<scalar_of<A, B>> matmul(A&& a, B&& b) {
  return detail::beside_array([](auto x, auto y) { return matmul(x, y); }, a, b);
}
///@}

/// Y = X W + b for a batch X (batch, in), weights W (in, out) and a bias b (out), added to each
/// row: dX = dY W^T, dW = X^T dY, db = the sum of dY over the batch. Samples of any shape with `in`
/// numbers, such as images (batch, rows, columns), are read as rows. Throws ShapeError if the
/// shapes do not fit.
template <class T>
Variable<T> linear(Variable<T> x, Variable<T> weight, Variable<T> bias);

}  // namespace xtape
