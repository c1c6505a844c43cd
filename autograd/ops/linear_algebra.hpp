#pragma once

#include <array>

#include "autograd/tape.hpp"

/// @file
/// Linear algebra by LAPACK. A matrix is the last two axes of an array; axes before them number the
/// matrices of a batch. The gradients are those of Giles (2008), "Collected matrix derivative
/// results for forward and reverse mode algorithmic differentiation", and so are the tangents of
/// Dual numbers, but for those of cholesky(): see tensor/kernels/factor.hpp. Each function throws
/// ShapeError unless the matrices are square. All but triangular_solve() throw ValueError if this
/// build of xtape has no LAPACK.

namespace xtape {

/// Returns X with A X = B for A (..., n, n) and B (..., n, k),   dB = A^-T dX, dA = -dB X^T (Giles
/// 2008, 2.3.1). The batches broadcast. A vector B (n) gives vectors (..., n). Throws ValueError,
/// with its number in the batch, if a matrix is singular.
template <class T>
Variable<T> solve(Variable<T> a, Variable<T> b);

/// Returns Y = A^-1,   dA = -Y^T dY Y^T (Giles 2008, 2.2.3). To multiply by it, use solve(), which
/// is faster and more accurate. Throws ValueError, with its number in the batch, if a matrix is
/// singular.
template <class T>
Variable<T> inverse(Variable<T> a);

/// Returns the sign and the logarithm y of the absolute value of the determinant of A: `const auto
/// [sign, log_det] = slogdet(a)`. The gradient is dA = dy A^-T (Giles 2008, 2.2.4); none flows
/// through the sign. Throws ValueError, with its number in the batch, if a matrix is singular.
template <class T>
std::array<Variable<T>, 2> slogdet(Variable<T> a);

/// Returns the lower triangle L with L L^T = (A + A^T) / 2, which is A if it is symmetric. The
/// gradient is dA = (S + S^T) / 2 with S = L^-T Phi(L^T dL) L^-1, where Phi takes the lower
/// triangle and halves its diagonal (Giles 2008, 2.3.3; Murray 2016). Throws ValueError, with its
/// number in the batch, if a matrix is not positive definite.
template <class T>
Variable<T> cholesky(Variable<T> a);

/// Options of triangular_solve().
struct TriangularOptions {
  bool upper = false;          ///< Reads the upper triangle, not the lower one.
  bool transpose = false;      ///< Solves with the transposed triangle.
  bool unit_diagonal = false;  ///< Takes the diagonal as 1 and does not read it.
};

/// Returns X with A X = B for the lower triangle of A (..., n, n) and B (..., n, k),   dB = A^-T
/// dX, and dA is the triangle of -dB X^T (Giles 2008, 2.3.1). The batches broadcast. A vector B (n)
/// gives vectors (..., n). The options are `{.upper, .transpose, .unit_diagonal}`. The rest of A is
/// not read. Throws ValueError, with its number in the batch, if a matrix has a 0 on its diagonal.
template <class T>
Variable<T> triangular_solve(Variable<T> a, Variable<T> b, const TriangularOptions& options = {});

/// Linear algebra refuses nested numbers.
///@{
template <class F>
void solve(Variable<Dual<Dual<F>>>, Variable<Dual<Dual<F>>>) = delete;
template <class F>
void inverse(Variable<Dual<Dual<F>>>) = delete;
template <class F>
void slogdet(Variable<Dual<Dual<F>>>) = delete;
template <class F>
void cholesky(Variable<Dual<Dual<F>>>) = delete;
template <class F>
void triangular_solve(Variable<Dual<Dual<F>>>, Variable<Dual<Dual<F>>>) = delete;
template <class F>
void triangular_solve(Variable<Dual<Dual<F>>>, Variable<Dual<Dual<F>>>,
                      const TriangularOptions&) = delete;
///@}

}  // namespace xtape
