#pragma once

#include "autograd/ops/beside_array.hpp"
#include "autograd/tape.hpp"
#include "tensor/gemm.hpp"

/// @file
/// Matrix products, computed by gemm().

namespace xtape {

namespace detail {

/// True if each sample of a batch (batch, ...) of this shape has `width` elements.
bool holds_rows(const Shape& batch, std::size_t width);

/// Returns the product of matrices that lie in memory as they are, or transposed.
template <class T>
Variable<T> matmul(Variable<T> a, Transpose transpose_a, Variable<T> b, Transpose transpose_b);

}  // namespace detail

/// Returns Y = A B for A (..., m, k) and B (..., k, n),   dA = dY B^T, dB = A^T dY. The axes before
/// the last two number the matrices of a batch, and broadcast. A vector is a matrix of one row, as
/// A, or of one column, as B; the result lacks that axis. So the product of two vectors is a
/// scalar. One operand may be an array, which is a constant. Throws ShapeError if the shapes do not
/// fit.
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
