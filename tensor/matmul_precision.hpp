#pragma once

#include <cstddef>
#include <type_traits>

#include "tensor/gemm.hpp"

/// @file
/// The precision of the matrix products of floats.

namespace xtape {

/// The type to which products of floats round their factors. Sums are always float.
enum class Precision {
  float32,   ///< Factors stay as they are.
  bfloat16,  ///< Factors keep 8 significant bits and the range of float.
};

/// Chooses how the ops matmul, linear, einsum and all that are made of them multiply matrices of
/// floats, in the whole process. Linear, recurrent layers and attention are made of them, forward
/// and backward. The default is float32. Products with bfloat16 take about half the time or less.
/// They round each factor by at most 2^-9 of its size, so a product has an error of at most about
/// 2^-8 sum |a| |b|. Subnormal factors count as 0. NaN and infinity pass through. Factors above
/// 3.39e38 become infinite.
///
/// Products stay float if the processor has neither AVX512-BF16 nor AMX-BF16, or if the library is
/// built without oneDNN. See matmul_precision(). Small products also stay float, as they would not
/// be faster: those with an extent below 32 or with fewer than 2^19 multiplications. So do
/// convolutions, the ops of linear algebra, and all products of double. oneDNN allocates some small
/// objects for each product with bfloat16. Threads may call this function at any time. An op that
/// runs meanwhile uses the old or the new precision.
void set_matmul_precision(Precision precision) noexcept;

/// Returns the precision that is in effect: float32 if bfloat16 was chosen and is not available.
Precision matmul_precision() noexcept;

/// True if this build on this processor multiplies with bfloat16 when asked to.
bool has_bfloat16_products() noexcept;

/// Computes the same as gemm() with alpha = 1, in the precision of set_matmul_precision().
template <class T>
void matmul_gemm(Transpose transpose_a, Transpose transpose_b, std::size_t m, std::size_t n,
                 std::size_t k, const T* a, std::size_t lda, const T* b, std::size_t ldb, T beta,
                 T* c, std::size_t ldc);

/// Computes the same for Dual numbers. Products with tangents that are known to be 0 are left out.
template <class F>
void matmul_gemm(Transpose transpose_a, Transpose transpose_b, std::size_t m, std::size_t n,
                 std::size_t k, DualPointer<const F> a, std::size_t lda, DualPointer<const F> b,
                 std::size_t ldb, std::type_identity_t<Dual<F>> beta, DualPointer<F> c,
                 std::size_t ldc) {
  detail::apply_bilinear(a, b, beta, c, [&](auto left, auto right, F factor, auto product) {
    matmul_gemm(transpose_a, transpose_b, m, n, k, left, lda, right, ldb, factor, product, ldc);
  });
}

/// Computes the same as matmul_gemm(), on the calling thread alone.
template <class T>
void matmul_gemm_on_this_thread(Transpose transpose_a, Transpose transpose_b, std::size_t m,
                                std::size_t n, std::size_t k, const T* a, std::size_t lda,
                                const T* b, std::size_t ldb, T beta, T* c, std::size_t ldc);

}  // namespace xtape
