#pragma once

#include <cstdint>

#include "tensor/array.hpp"

/// @file
/// Kernels that sum, find maxima, and undo broadcasting.

namespace xtape {

/// Computes out = beta out + scale * (the sum of `in` over the axes in `mask`), with beta 0 or 1.
/// `out` receives the remaining elements in row-major order. Rows and columns are summed in blocks,
/// and the sums of blocks are added in double precision.
template <class T>
void reduce_sum(const Array<T>& in, std::uint64_t mask, T scale, T beta, T* out);

/// Computes out = beta out + (the sum of `in` over the axes along which `out` was broadcast to in's
/// shape). It is the transpose of broadcasting: it takes a gradient to the shape of an operand.
template <class T>
void reduce_to(const Array<T>& in, T beta, Array<T>& out);

/// Computes out = beta out + scale * (`in` repeated along the axes in `mask` to out's shape). It is
/// the transpose of reduce_sum.
template <class T>
void stretch(const T* in, std::uint64_t mask, T scale, T beta, Array<T>& out);

/// Computes out(o, i) = max, or min, over a of in(o, a, i), for a row-major block of outer x extent
/// x inner. NaN wins, as in NumPy.
///@{
template <class T>
void reduce_max(const T* in, std::size_t outer, std::size_t extent, std::size_t inner, T* out);
template <class T>
void reduce_min(const T* in, std::size_t outer, std::size_t extent, std::size_t inner, T* out);
///@}

/// Computes out = beta out + (the running sums of `in` along the extent), with beta 0 or 1. With
/// `from_end`, the sums begin at the end. They are added in double precision.
template <class T>
void running_sums(const T* in, std::size_t outer, std::size_t extent, std::size_t inner,
                  bool from_end, T beta, T* out);

/// Computes out(o, i), the product over a of in(o, a, i).
template <class T>
void reduce_product(const T* in, std::size_t outer, std::size_t extent, std::size_t inner, T* out);

}  // namespace xtape
