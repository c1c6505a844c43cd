#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "tensor/array.hpp"

/// @file
/// Kernels of pools. Each element of the result is the maximum or the mean of a window of an image.

namespace xtape {

/// Some neighbouring positions, [begin, end).
struct Interval {
  std::size_t begin;  ///< The first position.
  std::size_t end;    ///< The position after the last one.
};

/// The windows along one axis of an image. Window i begins at position i * stride - padding.
struct WindowAxis {
  std::size_t extent;   ///< The positions of the image, at least 1.
  std::size_t kernel;   ///< The positions of a window, padding included, at least 1.
  std::size_t stride;   ///< At least 1.
  std::size_t padding;  ///< Positions before the image and after it, at most half the kernel.
  std::size_t count;    ///< The number of windows.

  /// Returns the positions of the image that window `i` covers. There is at least one.
  Interval positions(std::size_t i) const {
    const std::size_t begin = i * stride;
    return {begin - std::min(begin, padding), std::min(begin + kernel - padding, extent)};
  }

  /// Returns the windows that cover a position of the image. There may be none.
  Interval windows(std::size_t position) const {
    const std::size_t place = position + padding;
    const std::size_t first = place < kernel ? 0 : (place - kernel) / stride + 1;
    return {first, std::min(count, place / stride + 1)};
  }
};

/// The windows of a pool over images (batch, rows, columns, channels).
struct Windows {
  std::size_t batch;     ///< The number of images.
  std::size_t channels;  ///< The number of channels.
  WindowAxis rows;       ///< The windows along the height.
  WindowAxis columns;    ///< The windows along the width.

  /// Returns the largest number of positions that a window covers.
  std::size_t area() const {
    return std::min(rows.kernel, rows.extent) * std::min(columns.kernel, columns.extent);
  }
};

/// Computes the maximum of each window, by channel: `y` is (batch, rows.count, columns.count,
/// channels). NaN wins. Unless `places` is null, it gets the place of the maximum in the covered
/// part of the window, in row-major order. In a tie, this is the first maximum. Of several NaNs, it
/// is the last. `Place` must hold numbers below area().
template <class T, class Place>
void max_pool(const T* x, const Windows& windows, T* y, Place* places);

/// Computes y = the elements of x at places from max_pool().
template <class T, class Place>
void take_at_places(const T* x, const Place* places, const Windows& windows, T* y);

/// Take and pool maxima of Dual numbers. If `places` is null, the tangents are 0.
///@{
template <class F, class Place>
void take_at_places(DualPointer<const F> x, const Place* places, const Windows& windows,
                    DualPointer<F> y) {
  take_at_places(x.value, places, windows, y.value);
  take_at_places(x.tangent, places, windows, y.tangent);
}
template <class F, class Place>
void max_pool(DualPointer<const F> x, const Windows& windows, DualPointer<F> y, Place* places) {
  max_pool(x.value, windows, y.value, places);
  if (places != nullptr) {
    take_at_places(x.tangent, static_cast<const Place*>(places), windows, y.tangent);
  } else {
    std::fill_n(y.tangent,
                windows.batch * windows.rows.count * windows.columns.count * windows.channels,
                F(0));
  }
}
///@}

/// Computes dx = beta dx + (dy at the places of the maxima, 0 elsewhere), with beta 0 or 1.
///@{
template <class T, class Place>
void max_pool_backward(const T* dy, const Place* places, const Windows& windows, T beta, T* dx);
template <class F, class Place>
void max_pool_backward(DualPointer<const F> dy, const Place* places, const Windows& windows,
                       std::type_identity_t<Dual<F>> beta, DualPointer<F> dx) {
  max_pool_backward(dy.value, places, windows, beta.value, dx.value);
  max_pool_backward(dy.tangent, places, windows, beta.value, dx.tangent);
}
///@}

/// Computes the mean of each window, by channel. With `count_padding`, padding counts as zeros.
///@{
template <class T>
void avg_pool(const T* x, const Windows& windows, bool count_padding, T* y);
template <class F>
void avg_pool(DualPointer<const F> x, const Windows& windows, bool count_padding,
              DualPointer<F> y) {
  avg_pool(x.value, windows, count_padding, y.value);
  avg_pool(x.tangent, windows, count_padding, y.tangent);
}
///@}

/// Computes dx = beta dx + the gradient of avg_pool(), with beta 0 or 1.
///@{
template <class T>
void avg_pool_backward(const T* dy, const Windows& windows, bool count_padding, T beta, T* dx);
template <class F>
void avg_pool_backward(DualPointer<const F> dy, const Windows& windows, bool count_padding,
                       std::type_identity_t<Dual<F>> beta, DualPointer<F> dx) {
  avg_pool_backward(dy.value, windows, count_padding, beta.value, dx.value);
  avg_pool_backward(dy.tangent, windows, count_padding, beta.value, dx.tangent);
}
///@}

}  // namespace xtape
