#pragma once

#include <cstddef>

#include "tensor/gemm.hpp"

/// @file
/// Products of batches of matrices.

namespace xtape {

/// The matrices of a batch that a product reads, where they lie.
template <class T>
struct MatrixBatch {
  const T* data;           ///< The first element of the first matrix.
  std::size_t row_length;  ///< The length of the stored rows.
  Transpose transpose;     ///< Whether the product reads the transposed matrices.
  Shape steps;             ///< The distance of neighbours along each axis of the batch. 0 repeats.
};

/// Computes C(i) = op(A(i)) op(B(i)) + beta C(i) for each index i of `batch`. op(A) is m x k, op(B)
/// is k x n, and the rows of C follow each other. `c_steps` are the distances of the matrices of C.
/// If some are 0, the products are added up. beta is 0 or 1.
template <class T>
void batched_gemm(const Shape& batch, std::size_t m, std::size_t n, std::size_t k,
                  const MatrixBatch<T>& a, const MatrixBatch<T>& b, T beta, Array<T>& c,
                  const Shape& c_steps);

}  // namespace xtape
