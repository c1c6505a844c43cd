#pragma once

#include <cstdint>
#include <type_traits>

#include "tensor/array.hpp"

/// @file
/// Kernels that sum, find maxima, and undo broadcasting.

namespace xtape {

/// Computes out = beta out + scale * (the sum of `in` over the axes in `mask`), with beta 0 or 1.
/// `out` receives the remaining elements in row-major order. Rows and columns are summed in blocks,
/// and the sums of blocks are added in double precision.
///@{
template <class T>
void reduce_sum(const Shape& shape, const T* in, std::uint64_t mask, T scale, T beta, T* out);
template <class F>
void reduce_sum(const Shape& shape, DualPointer<const F> in, std::uint64_t mask,
                std::type_identity_t<Real<F>> scale, std::type_identity_t<Dual<F>> beta,
                DualPointer<F> out) {
  reduce_sum(shape, in.value, mask, scale, beta.value, out.value);
  reduce_sum(shape, in.tangent, mask, scale, beta.value, out.tangent);
}
template <class T>
void reduce_sum(const Array<T>& in, std::uint64_t mask, std::type_identity_t<Real<T>> scale,
                std::type_identity_t<T> beta, typename Storage<T>::pointer out) {
  reduce_sum(in.shape(), in.data(), mask, scale, beta, out);
}
///@}

namespace detail {

/// Returns the axes along which an array of shape `from` is broadcast to the shape `to`.
std::uint64_t stretched_axes(const Shape& from, const Shape& to);

/// Computes the tangents of the numbers that reduce_max() or reduce_min() has written to `out`:
/// those of the first numbers of `in` that have the value, or are NaN.
template <class T>
void take_chosen_tangents(DualPointer<const T> in, std::size_t outer, std::size_t extent,
                          std::size_t inner, DualPointer<T> out);

}  // namespace detail

/// Computes out = beta out + (the sum of `in` over the axes along which `out` was broadcast to in's
/// shape). It is the transpose of broadcasting: it takes a gradient to the shape of an operand.
template <class T>
void reduce_to(const Array<T>& in, std::type_identity_t<T> beta, Array<T>& out) {
  reduce_sum(in, detail::stretched_axes(out.shape(), in.shape()), 1, beta, out.data());
}

/// Computes out = beta out + scale * (`in` repeated along the axes in `mask` to the shape of
/// `out`). It is the transpose of reduce_sum.
///@{
template <class T>
void stretch(const T* in, std::uint64_t mask, T scale, T beta, const Shape& shape, T* out);
template <class F>
void stretch(DualPointer<const F> in, std::uint64_t mask, std::type_identity_t<Real<F>> scale,
             std::type_identity_t<Dual<F>> beta, const Shape& shape, DualPointer<F> out) {
  stretch(in.value, mask, scale, beta.value, shape, out.value);
  stretch(in.tangent, mask, scale, beta.value, shape, out.tangent);
}
template <class T>
void stretch(typename Storage<T>::const_pointer in, std::uint64_t mask, Real<T> scale,
             std::type_identity_t<T> beta, Array<T>& out) {
  stretch(in, mask, scale, beta, out.shape(), out.data());
}
///@}

/// Computes out(o, i) = max, or min, over a of in(o, a, i), for a row-major block of outer x extent
/// x inner. NaN wins, as in NumPy.
///@{
template <class T>
void reduce_max(const T* in, std::size_t outer, std::size_t extent, std::size_t inner, T* out);
template <class T>
void reduce_min(const T* in, std::size_t outer, std::size_t extent, std::size_t inner, T* out);
template <class F>
void reduce_max(DualPointer<const F> in, std::size_t outer, std::size_t extent, std::size_t inner,
                DualPointer<F> out) {
  reduce_max(in.value, outer, extent, inner, out.value);
  detail::take_chosen_tangents(in, outer, extent, inner, out);
}
template <class F>
void reduce_min(DualPointer<const F> in, std::size_t outer, std::size_t extent, std::size_t inner,
                DualPointer<F> out) {
  reduce_min(in.value, outer, extent, inner, out.value);
  detail::take_chosen_tangents(in, outer, extent, inner, out);
}
///@}

/// Computes out = beta out + (the running sums of `in` along the extent), with beta 0 or 1. With
/// `from_end`, the sums begin at the end. They are added in double precision.
///@{
template <class T>
void running_sums(const T* in, std::size_t outer, std::size_t extent, std::size_t inner,
                  bool from_end, T beta, T* out);
template <class F>
void running_sums(DualPointer<const F> in, std::size_t outer, std::size_t extent, std::size_t inner,
                  bool from_end, std::type_identity_t<Dual<F>> beta, DualPointer<F> out) {
  running_sums(in.value, outer, extent, inner, from_end, beta.value, out.value);
  running_sums(in.tangent, outer, extent, inner, from_end, beta.value, out.tangent);
}
///@}

/// Computes out(o, i), the product over a of in(o, a, i).
///@{
template <class T>
void reduce_product(const T* in, std::size_t outer, std::size_t extent, std::size_t inner, T* out);
template <class T>
void reduce_product(DualPointer<const T> in, std::size_t outer, std::size_t extent,
                    std::size_t inner, DualPointer<T> out);
///@}

}  // namespace xtape
