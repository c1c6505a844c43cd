#pragma once

#include <cstddef>

#include "tensor/array.hpp"

/// @file
/// Products of matrices.

namespace xtape {

/// Whether GEMM reads an operand as it is stored or transposed.
enum class Transpose : bool { no, yes };

/// C = alpha op(A) op(B) + beta C for row-major matrices: op(A) is m x k, op(B) is k x n, C is m x
/// n, and the leading dimensions lda, ldb, ldc are the stored row lengths. With beta = 0, C is
/// written without being read.
///
/// Single precision goes to oneDNN where the library was built with it, except for tiny products,
/// where CBLAS has less overhead; double precision goes to CBLAS. Throws ShapeError when an extent
/// exceeds what CBLAS can index.
template <class T>
void gemm(Transpose transpose_a, Transpose transpose_b, std::size_t m, std::size_t n, std::size_t k,
          T alpha, const T* a, std::size_t lda, const T* b, std::size_t ldb, T beta, T* c,
          std::size_t ldc);

/// C = op(A) op(B) + beta C for arrays of rank 2. C must have its shape already.
/// Throws ShapeError when the shapes do not fit, and when an array was moved from.
template <class T>
void gemm(Transpose transpose_a, Transpose transpose_b, const Array<T>& a, const Array<T>& b,
          T beta, Array<T>& c);

/// What multiplies matrices in this build, for people to read: "oneDNN 2.6.3 + CBLAS" or "CBLAS".
std::string gemm_backend();

}  // namespace xtape
