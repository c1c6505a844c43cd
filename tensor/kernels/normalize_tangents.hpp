#pragma once

#include "tensor/array.hpp"
#include "tensor/kernels/normalize.hpp"

/// @file
/// Tangents of the kernels that normalise. The values come from the kernels for plain numbers.

namespace xtape {

/// Computes dy, the tangents of normalize(): for xh = (x - mean) inverse, they are
/// weight' xh + weight inverse (x' - mean(x') - xh mean(xh x')) + bias'. The means are those of the
/// numbers that are normalised together.
template <class F>
void normalize_tangents(DualPointer<const F> x, const NormShape& shape, const Moments<F>& moments,
                        DualPointer<const F> weight, DualPointer<const F> bias, F* dy);

/// Computes the tangents of sum_by_channel().
template <class F>
void sum_tangents_by_channel(DualPointer<const F> x, DualPointer<const F> dy,
                             const NormShape& shape, const Moments<F>& moments, double* dweight,
                             double* dbias);

/// Computes dx = beta dx + the tangents of normalize_backward(), with beta 0 or 1.
template <class F>
void normalize_backward_tangents(DualPointer<const F> x, DualPointer<const F> dy,
                                 const NormShape& shape, const Moments<F>& moments,
                                 DualPointer<const F> weight, F beta, F* dx);

}  // namespace xtape
