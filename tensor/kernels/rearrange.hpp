#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tensor/array.hpp"

/// @file
/// Kernels that move elements: transpose, slice, gather and scatter.

namespace xtape {

/// A row-major array seen as outer x extent x inner around one of its axes.
struct AxisBlocks {
  std::size_t outer;   ///< The product of the extents before the axis.
  std::size_t extent;  ///< The extent of the axis.
  std::size_t inner;   ///< The product of the extents after the axis.
};

/// Returns the blocks of `shape` around `axis`. The axis counts from the front and must exist.
AxisBlocks blocks_around(const Shape& shape, std::size_t axis);

/// Computes out = swapped(in) + beta out, where swapped() exchanges axes `a` and `b`, and beta is 0
/// or 1. `out` must already have its shape.
template <class T>
void swap_axes(const Array<T>& in, std::size_t a, std::size_t b, T beta, Array<T>& out);

/// Computes out = reversed(in) + beta out, where reversed() turns the axes in `mask` around, and
/// beta is 0 or 1. `out` must already have the shape of `in`.
template <class T>
void reverse_axes(const Array<T>& in, std::uint64_t mask, T beta, Array<T>& out);

/// Computes out = in + beta out for `count` rows of `width` elements. Rows begin `in_step` and
/// `out_step` elements apart. Slicing and concatenation use this kernel.
template <class T>
void copy_rows(std::size_t count, std::size_t width, const T* in, std::size_t in_step, T beta,
               T* out, std::size_t out_step);

/// Computes out[i] = in[rows[i]] for each i. `in` is (n, ...), `out` is (rows.size(), ...), and
/// rows must be below n.
template <class T>
void gather_rows(const Array<T>& in, std::span<const std::uint32_t> rows, Array<T>& out);

/// Computes out[rows[i]] += in[i] for each i in order. It is the transpose of gather_rows.
template <class T>
void scatter_add_rows(const Array<T>& in, std::span<const std::uint32_t> rows, Array<T>& out);

}  // namespace xtape
