#pragma once

#include <cstddef>

/// @file
/// Products of bfloat16 by oneDNN. This code is part of the library only if the library is built
/// with oneDNN. tensor/gemm.cpp uses it.

namespace xtape::onednn {

/// True if oneDNN knows instructions of this processor that multiply bfloat16.
bool has_bfloat16() noexcept;

/// Computes C = op(A) op(B) + beta C on the calling thread, with the arguments of xtape::gemm. The
/// factors are rounded to bfloat16 and the sums are float. Returns false, and computes nothing, if
/// oneDNN has no fast kernel. No extent is 0. Throws std::bad_alloc if there is no memory.
bool bfloat16_gemm(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k,
                   const float* a, std::size_t lda, const float* b, std::size_t ldb, float beta,
                   float* c, std::size_t ldc);

}  // namespace xtape::onednn
