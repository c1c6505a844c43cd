#pragma once

#include <cstddef>
#include <string>

/// @file
/// Single-precision GEMM by oneDNN. It is part of the library only if that is built with oneDNN.
/// Used by tensor/gemm.cpp.

namespace xtape::onednn {

/// Computes C = alpha op(A) op(B) + beta C on the calling thread, with the arguments of
/// xtape::gemm. Throws std::bad_alloc if oneDNN has no memory for its copies of operands.
void sgemm(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k,
           float alpha, const float* a, std::size_t lda, const float* b, std::size_t ldb,
           float beta, float* c, std::size_t ldc);

/// False once the program's exit has destroyed oneDNN's kernels, as in functions that were
/// registered by std::atexit() before the first product.
bool usable() noexcept;

/// Returns the version of oneDNN at run time, as "2.6.3".
std::string version();

}  // namespace xtape::onednn
