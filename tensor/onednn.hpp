#pragma once

#include <cstddef>
#include <string>

/// @file
/// Single-precision GEMM by oneDNN; part of the library only where it was built with oneDNN. Used
/// by tensor/gemm.cpp.

namespace xtape::onednn {

/// C = alpha op(A) op(B) + beta C, with the arguments of xtape::gemm.
///
/// With more than one thread, the two products of a training step that read or write a tall matrix
/// of weights are split by its rows, so that each thread works on the same rows in the forward
/// pass, in the gradient and in the update, and they stay in its core's cache. Results depend on
/// the number of threads, but not on scheduling.
void sgemm(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k,
           float alpha, const float* a, std::size_t lda, const float* b, std::size_t ldb,
           float beta, float* c, std::size_t ldc);

/// The version of oneDNN that the program runs with, as "2.6.3".
std::string version();

}  // namespace xtape::onednn
