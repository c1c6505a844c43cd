#pragma once

#include <cstddef>
#include <type_traits>

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
  bool unit_diagonal = false;           ///< The diagonal counts as 1.
  Transpose transpose = Transpose::no;  ///< Transposed.
};

/// Replaces B (n x k) by op(A)^-1 B for a triangle of A (n x n).
template <class T>
void solve_triangle(const char* op, const Triangle& triangle, std::size_t n, std::size_t k,
                    const T* a, T* b);

/// Solve and factor matrices of Dual numbers with one factorisation of the values. Leave out work
/// for tangents that are known to be 0.
///@{
/// The solution X has the tangents op(A)^-1 (B' - op(A') X). The values of `lu` are the factors,
/// and its tangents are those of A.
template <class F>
void solve_lu(const char* op, std::size_t n, std::size_t k,
              std::type_identity_t<DualPointer<const F>> lu, const int* exchanges,
              Transpose transpose, DualPointer<F> b);
/// The tangents of A must be symmetric. Those of L are L Phi(L^-1 A' L^-T), where Phi takes the
/// lower triangle and halves its diagonal (Murray 2016, "Differentiation of the Cholesky
/// decomposition").
template <class F>
bool factor_cholesky(const char* op, std::size_t n, DualPointer<F> a);
/// The solution X has the tangents op(A)^-1 (B' - op(A') X), where A' is the triangle of the
/// tangents of A. Its diagonal is 0 if that of A is taken as 1.
template <class F>
void solve_triangle(const char* op, const Triangle& triangle, std::size_t n, std::size_t k,
                    std::type_identity_t<DualPointer<const F>> a, DualPointer<F> b);
///@}

/// Replaces the gradient of L by S^T for S = L^-T Phi(L^T dL) L^-1, and the lower triangle of dL.
/// `memory` is for n x n numbers.
template <class T>
void cholesky_backward(const char* op, std::size_t n, typename Storage<T>::const_pointer l,
                       typename Storage<T>::pointer dl, typename Storage<T>::pointer memory);

}  // namespace xtape
