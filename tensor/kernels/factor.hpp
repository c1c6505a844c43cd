#pragma once

#include <cstddef>

#include "tensor/gemm.hpp"

/// @file
/// Factors of square matrices and solutions of linear systems, by LAPACK and BLAS. All matrices are
/// row-major and lie without gaps.

namespace xtape {

/// True if this build has LAPACK, which factor_lu() and factor_cholesky() need.
bool has_lapack();

/// Replaces A (n x n) by factors from which solve_lu() solves systems, and notes the n exchanges of
/// columns. The diagonal holds the pivots. Returns true if A is regular. Throws ValueError, with
/// the name `op`, if this build has no LAPACK.
template <class T>
bool factor_lu(const char* op, std::size_t n, T* a, int* exchanges);

/// Replaces B (n x k) by op(A)^-1 B for factors of A from factor_lu().
template <class T>
void solve_lu(const char* op, std::size_t n, std::size_t k, const T* lu, const int* exchanges,
              Transpose transpose, T* b);

/// Replaces the lower triangle of A (n x n) by L with L L^T = A, and the rest by 0. It reads the
/// lower triangle alone. Returns true if A is positive definite. Throws ValueError, with the name
/// `op`, if this build has no LAPACK.
template <class T>
bool factor_cholesky(const char* op, std::size_t n, T* a);

/// Says which triangle of a matrix is read, and how.
struct Triangle {
  bool upper = false;                   ///< The upper triangle, not the lower one.
  bool unit_diagonal = false;           ///< As if the diagonal were 1.
  Transpose transpose = Transpose::no;  ///< Transposed.
};

/// Replaces B (n x k) by op(A)^-1 B for a triangle of A (n x n).
template <class T>
void solve_triangle(const char* op, const Triangle& triangle, std::size_t n, std::size_t k,
                    const T* a, T* b);

}  // namespace xtape
