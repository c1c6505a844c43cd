#pragma once

#include <cstddef>

#include "autograd/tape.hpp"

/// @file
/// Diagonals and triangles of matrices. A matrix is the last two axes of an array; axes before them
/// number the matrices of a batch. Diagonal `offset` is above the main one, or below it if the
/// offset is negative. Each function throws ShapeError if its operand has too few axes.

namespace xtape {

/// Returns the elements on a diagonal of each matrix (..., n, m), as vectors (..., k). dx is dy on
/// the diagonal and 0 elsewhere. A diagonal outside of the matrix is empty.
template <class T>
Variable<T> diagonal(Variable<T> x, std::ptrdiff_t offset = 0);

/// Returns the matrices that have the vectors x (..., n) on a diagonal, and 0 elsewhere. They have
/// n + |offset| rows and columns. dx is the diagonal of dy.
template <class T>
Variable<T> diag(Variable<T> x, std::ptrdiff_t offset = 0);

/// Returns the matrices with 0 above a diagonal, also where x is NaN. dx is dy on and below the
/// diagonal, and 0 above.
template <class T>
Variable<T> tril(Variable<T> x, std::ptrdiff_t offset = 0);

/// Returns the matrices with 0 below a diagonal, also where x is NaN. dx is dy on and above the
/// diagonal, and 0 below.
template <class T>
Variable<T> triu(Variable<T> x, std::ptrdiff_t offset = 0);

}  // namespace xtape
