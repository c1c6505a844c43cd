#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "tensor/array.hpp"

/// @file
/// Kernels that move elements: permute, slice, gather, scatter and triangles.

namespace xtape {

/// A row-major array seen as outer x extent x inner around one of its axes.
struct AxisBlocks {
  std::size_t outer;   ///< The product of the extents before the axis.
  std::size_t extent;  ///< The extent of the axis.
  std::size_t inner;   ///< The product of the extents after the axis.
};

/// Returns the blocks of `shape` around `axis`. The axis counts from the front and must exist.
AxisBlocks blocks_around(const Shape& shape, std::size_t axis);

/// One of several nested loops over elements. It says how often the loop runs, and how far it steps
/// each time in the elements that are read and written.
struct StridedLoop {
  std::size_t count;        ///< The number of steps.
  std::ptrdiff_t in_step;   ///< The distance of the elements that are read. It may be negative.
  std::ptrdiff_t out_step;  ///< The distance of the elements that are written.
};

/// Computes out = in + beta out for the elements that the loops visit, from `*in` and `*out`. The
/// last loop is the innermost. beta is 0 or 1. The loops must write each element once. There are at
/// most max_rank loops. Permuted, reversed and strided axes and diagonals use this kernel.
template <class T>
void copy_strided(std::span<const StridedLoop> loops, const T* in, T beta, T* out);

/// Computes out = in + beta out for `count` rows of `width` elements. Rows begin `in_step` and
/// `out_step` elements apart. Slicing and concatenation use this kernel.
template <class T>
void copy_rows(std::size_t count, std::size_t width, const T* in, std::size_t in_step, T beta,
               T* out, std::size_t out_step);

/// Computes out(o, i, ...) = in(o, places[i], ...) + beta out(o, i, ...). `in` has the blocks, and
/// beta is 0 or 1. The places must be below the extent of the blocks.
template <class T>
void gather_along(const AxisBlocks& blocks, const T* in, std::span<const std::uint32_t> places,
                  T beta, T* out);

/// Computes out(o, places[i], ...) += in(o, i, ...) for each i in order. `out` has the blocks. It
/// is the transpose of gather_along.
template <class T>
void scatter_add_along(const AxisBlocks& blocks, const T* in, std::span<const std::uint32_t> places,
                       T* out);

/// Computes out = in + beta out for the elements on and below diagonal `offset` of each matrix, or
/// on and above it, and out = beta out for the others. The last two axes of `shape` are rows and
/// columns. beta is 0 or 1.
template <class T>
void copy_triangle(const Shape& shape, bool lower, std::ptrdiff_t offset, const T* in, T beta,
                   T* out);

/// Rearrange Dual numbers: values and tangents move alike.
///@{
template <class F>
void copy_strided(std::span<const StridedLoop> loops, std::type_identity_t<DualPointer<const F>> in,
                  std::type_identity_t<Dual<F>> beta, DualPointer<F> out) {
  copy_strided(loops, in.value, beta.value, out.value);
  copy_strided(loops, in.tangent, beta.value, out.tangent);
}
template <class F>
void copy_rows(std::size_t count, std::size_t width, std::type_identity_t<DualPointer<const F>> in,
               std::size_t in_step, std::type_identity_t<Dual<F>> beta, DualPointer<F> out,
               std::size_t out_step) {
  copy_rows(count, width, in.value, in_step, beta.value, out.value, out_step);
  copy_rows(count, width, in.tangent, in_step, beta.value, out.tangent, out_step);
}
template <class F>
void gather_along(const AxisBlocks& blocks, DualPointer<const F> in,
                  std::span<const std::uint32_t> places, std::type_identity_t<Dual<F>> beta,
                  DualPointer<F> out) {
  gather_along(blocks, in.value, places, beta.value, out.value);
  gather_along(blocks, in.tangent, places, beta.value, out.tangent);
}
template <class F>
void scatter_add_along(const AxisBlocks& blocks, DualPointer<const F> in,
                       std::span<const std::uint32_t> places, DualPointer<F> out) {
  scatter_add_along(blocks, in.value, places, out.value);
  scatter_add_along(blocks, in.tangent, places, out.tangent);
}
template <class F>
void copy_triangle(const Shape& shape, bool lower, std::ptrdiff_t offset,
                   std::type_identity_t<DualPointer<const F>> in,
                   std::type_identity_t<Dual<F>> beta, DualPointer<F> out) {
  copy_triangle(shape, lower, offset, in.value, beta.value, out.value);
  copy_triangle(shape, lower, offset, in.tangent, beta.value, out.tangent);
}
///@}

}  // namespace xtape
