#pragma once

#include "autograd/ops/beside_array.hpp"
#include "autograd/tape.hpp"

/// @file
/// Matrix products, computed by gemm().

namespace xtape {

namespace detail {

/// True if each sample of a batch (batch, ...) of this shape has `width` elements.
bool holds_rows(const Shape& batch, std::size_t width);

}  // namespace detail

/// Returns Y = A B for A (m, k) and B (k, n),   dA = dY B^T, dB = A^T dY. One operand may be an
/// array, which is a constant. Throws ShapeError if the shapes do not fit.
///@{
template <class T>
Variable<T> matmul(Variable<T> a, Variable<T> b);
template <class A, BesideArray<A> B>
Variable<scalar_of<A, B>> matmul(A&& a, B&& b) {
  return detail::beside_array([](auto x, auto y) { return matmul(x, y); }, a, b);
}
///@}

/// Returns Y = X W + b for a batch X (batch, in), weights W (in, out) and a bias b (out), which is
/// added to each row. The gradients are dX = dY W^T, dW = X^T dY, and db, the sum of dY over the
/// batch. Samples of any shape with `in` elements, such as images (batch, rows, columns), are read
/// as rows. Throws ShapeError if the shapes do not fit.
template <class T>
Variable<T> linear(Variable<T> x, Variable<T> weight, Variable<T> bias);

}  // namespace xtape
