#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tensor/array.hpp"

/// @file
/// Kernels that move elements: transposes, slices, rows by number.

namespace xtape {

/// A row-major array seen as outer x extent x inner around one of its axes.
struct AxisBlocks {
  std::size_t outer;   ///< The product of the extents before the axis.
  std::size_t extent;  ///< That of the axis.
  std::size_t inner;   ///< The product of the extents after it.
};

/// `shape` around `axis`, which is counted from the front and must be an axis of it.
AxisBlocks blocks_around(const Shape& shape, std::size_t axis);

/// out = in with axes `a` and `b` exchanged; out = beta out + that when beta is 1. `out` must have
/// its shape already.
template <class T>
void swap_axes(const Array<T>& in, std::size_t a, std::size_t b, T beta, Array<T>& out);

/// Copies `count` rows of `width` elements between arrays whose rows begin `in_step` and `out_step`
/// elements apart: out = in + beta out. Slicing and concatenation are this, one way or the other.
template <class T>
void copy_rows(std::size_t count, std::size_t width, const T* in, std::size_t in_step, T beta,
               T* out, std::size_t out_step);

/// out[i] = in[rows[i]] for each i, where `in` is (n, ...) and `out` is (rows.size(), ...). Rows
/// must be below n.
template <class T>
void gather_rows(const Array<T>& in, std::span<const std::uint32_t> rows, Array<T>& out);

/// out[rows[i]] += in[i] for each i in turn: the transpose of gather_rows.
template <class T>
void scatter_add_rows(const Array<T>& in, std::span<const std::uint32_t> rows, Array<T>& out);

}  // namespace xtape
