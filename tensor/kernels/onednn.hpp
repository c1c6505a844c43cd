#pragma once

#include <cstddef>
#include <string>

/// @file
/// Single-precision GEMM by oneDNN. This code is part of the library only if the library is built
/// with oneDNN. tensor/gemm.cpp uses it.

namespace xtape::onednn {

/// Computes C = alpha op(A) op(B) + beta C on the calling thread, with the arguments of
/// xtape::gemm. Throws std::bad_alloc if oneDNN has no memory for its copies of operands.
void sgemm(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k,
           float alpha, const float* a, std::size_t lda, const float* b, std::size_t ldb,
           float beta, float* c, std::size_t ldc);

/// True until the program's exit destroys oneDNN's kernels. False, for example, in functions that
/// were registered by std::atexit() before the first product.
bool usable() noexcept;

/// Returns the version of oneDNN at run time, as "2.6.3".
std::string version();

}  // namespace xtape::onednn
