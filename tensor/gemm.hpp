#pragma once

#include <cstddef>
#include <type_traits>

#include "tensor/array.hpp"

/// @file
/// Matrix products.

namespace xtape {

/// Says whether GEMM reads an operand as stored or transposed.
enum class Transpose : bool { no, yes };

/// Computes C = alpha op(A) op(B) + beta C for row-major matrices. op(A) is m x k, op(B) is k x n,
/// and C is m x n. The leading dimensions lda, ldb and ldc are the lengths of the stored rows. With
/// beta = 0, C is written and not read.
///
/// Single precision uses oneDNN if the library is built with oneDNN. Tiny products use CBLAS, which
/// has less overhead. Double precision uses CBLAS. Throws ShapeError if an extent exceeds what
/// CBLAS can index. Throws std::bad_alloc if the library has no memory for its buffers.
template <class T>
void gemm(Transpose transpose_a, Transpose transpose_b, std::size_t m, std::size_t n, std::size_t k,
          T alpha, const T* a, std::size_t lda, const T* b, std::size_t ldb, T beta, T* c,
          std::size_t ldc);

/// Computes gemm() for Dual numbers. Leaves out products with tangents that are known to be 0.
template <class F>
void gemm(Transpose transpose_a, Transpose transpose_b, std::size_t m, std::size_t n, std::size_t k,
          std::type_identity_t<Real<F>> alpha, std::type_identity_t<DualPointer<const F>> a,
          std::size_t lda, std::type_identity_t<DualPointer<const F>> b, std::size_t ldb,
          std::type_identity_t<Dual<F>> beta, DualPointer<F> c, std::size_t ldc) {
  detail::apply_bilinear(a, b, beta, c, [&](auto left, auto right, F factor, auto product) {
    gemm(transpose_a, transpose_b, m, n, k, alpha, left, lda, right, ldb, factor, product, ldc);
  });
}

/// Computes the same as gemm(), on the calling thread alone. Use this function in the ranges of
/// parallel().
template <class T>
void gemm_on_this_thread(Transpose transpose_a, Transpose transpose_b, std::size_t m, std::size_t n,
                         std::size_t k, T alpha, const T* a, std::size_t lda, const T* b,
                         std::size_t ldb, T beta, T* c, std::size_t ldc);

/// Computes C = op(A) op(B) + beta C for arrays of rank 2. C must already have its shape. Throws
/// ShapeError if the shapes do not fit, or if an array was moved from.
template <class T>
void gemm(Transpose transpose_a, Transpose transpose_b, const Array<T>& a, const Array<T>& b,
          T beta, Array<T>& c);

/// Returns the name of the GEMM libraries in this build, for display: "oneDNN 2.6.3 + CBLAS" or
/// "CBLAS".
std::string gemm_backend();

}  // namespace xtape
