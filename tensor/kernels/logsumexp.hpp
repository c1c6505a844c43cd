#pragma once

#include "tensor/array.hpp"
#include "tensor/kernels/rearrange.hpp"

/// @file
/// The kernels of logsumexp.

namespace xtape {

/// Computes out(o, i) = m + ln(sum_a e^(in(o, a, i) - m)), where m is the largest element, for a
/// row-major block of outer x extent x inner. The result for an extent of 0 is -inf.
///@{
template <class T>
void reduce_logsumexp(const T* in, std::size_t outer, std::size_t extent, std::size_t inner,
                      T* out);
template <class T>
void reduce_logsumexp(DualPointer<const T> in, std::size_t outer, std::size_t extent,
                      std::size_t inner, DualPointer<T> out);
///@}

/// Computes out(o, a, i) += factor(o, i) e^(in(o, a, i) - y(o, i)).
///@{
template <class T>
void add_exp_of_difference(const T* in, const T* y, const T* factor, const AxisBlocks& blocks,
                           T* out);
template <class T>
void add_exp_of_difference(DualPointer<const T> in, DualPointer<const T> y,
                           DualPointer<const T> factor, const AxisBlocks& blocks,
                           DualPointer<T> out);
///@}

}  // namespace xtape
