#pragma once

#include <cstddef>
#include <string>

/// @file
/// Single-precision GEMM by oneDNN; part of the library only where it was built with oneDNN. Used
/// by tensor/gemm.cpp.

namespace xtape::onednn {

/// C = alpha op(A) op(B) + beta C on this thread alone, with the arguments of xtape::gemm. Throws
/// std::bad_alloc when oneDNN has no memory for its copies of operands.
void sgemm(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k,
           float alpha, const float* a, std::size_t lda, const float* b, std::size_t ldb,
           float beta, float* c, std::size_t ldc);

/// The version of oneDNN that the program runs with, as "2.6.3".
std::string version();

}  // namespace xtape::onednn
