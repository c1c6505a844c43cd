#pragma once

#include <cstddef>

#include "tensor/gemm.hpp"

/// @file
/// Products of batches of matrices.

namespace xtape {

/// The matrices of a batch that a product reads, where they lie.
template <class T>
struct MatrixBatch {
  typename Storage<T>::const_pointer data;  ///< The first element of the first matrix.
  std::size_t row_length;                   ///< The length of the stored rows.
  Transpose transpose;                      ///< Says whether the matrices are read transposed.
  Shape steps;  ///< The distance of neighbours along each axis of the batch. 0 repeats.
};

/// Computes C(i) = op(A(i)) op(B(i)) + beta C(i) for each index i of `batch`. op(A) is m x k, op(B)
/// is k x n, and the rows of C follow each other. C has `c_size` elements, and `c_steps` are the
/// distances of its matrices. If some are 0, the products are added up. beta is 0 or 1.
template <class T>
void batched_gemm(const Shape& batch, std::size_t m, std::size_t n, std::size_t k,
                  const MatrixBatch<T>& a, const MatrixBatch<T>& b, T beta, T* c,
                  std::size_t c_size, const Shape& c_steps);

/// Computes a batched product into an array.
template <class T>
void batched_gemm(const Shape& batch, std::size_t m, std::size_t n, std::size_t k,
                  const MatrixBatch<T>& a, const MatrixBatch<T>& b, T beta, Array<T>& c,
                  const Shape& c_steps) {
  batched_gemm(batch, m, n, k, a, b, beta, c.data(), c.size(), c_steps);
}

/// Computes a batched product of Dual numbers. Leaves out products with tangents known to be 0.
template <class F>
void batched_gemm(const Shape& batch, std::size_t m, std::size_t n, std::size_t k,
                  const MatrixBatch<Dual<F>>& a, const MatrixBatch<Dual<F>>& b,
                  std::type_identity_t<Dual<F>> beta, DualPointer<F> c, std::size_t c_size,
                  const Shape& c_steps) {
  const auto part = [](const MatrixBatch<Dual<F>>& of, NumberPointer<const F> data) {
    return MatrixBatch<F>{data, of.row_length, of.transpose, of.steps};
  };
  detail::apply_bilinear(a.data, b.data, beta, c,
                         [&](auto left, auto right, F factor, auto product) {
                           batched_gemm(batch, m, n, k, part(a, left), part(b, right), factor,
                                        product, c_size, c_steps);
                         });
}

}  // namespace xtape
