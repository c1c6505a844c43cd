#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

#include "tensor/array.hpp"

/// @file
/// Kernels that read images at other positions, one axis at a time. Upsampling and padding use
/// these kernels.

namespace xtape {

/// The source of a row or a column of a result: two positions of an image and a weight for each.
/// The result is their weighted sum. A position of weight 0 is not read.
template <class T>
struct Source {
  std::size_t first;   ///< The first position.
  std::size_t second;  ///< The second position.
  T first_weight;      ///< The factor of the first position.
  T second_weight;     ///< The factor of the second position.

  /// True if the row or column has no source in the image.
  bool outside() const { return first_weight == T(0) && second_weight == T(0); }
};

/// The shape of images (batch, height, width, channels), and the source of each row and column of a
/// result.
template <class T>
struct Resampling {
  std::size_t batch;                   ///< The number of images.
  std::size_t height;                  ///< The rows of an image.
  std::size_t width;                   ///< The columns of an image.
  std::size_t channels;                ///< The number of channels.
  std::span<const Source<T>> rows;     ///< The source of each row of a result.
  std::span<const Source<T>> columns;  ///< The source of each column of a result.
};

/// Computes y (batch, rows.size(), columns.size(), channels). Pixels whose row or column has no
/// source become `value`.
///@{
template <class T>
void resample(const T* x, const Resampling<T>& to, T value, T* y);
template <class F>
void resample(DualPointer<const F> x, const Resampling<Real<F>>& to, Real<F> value,
              DualPointer<F> y) {
  resample(x.value, to, value, y.value);
  resample(x.tangent, to, Real<F>(0), y.tangent);
}
///@}

/// Computes dx = beta dx + the gradient of resample(), with beta 0 or 1.
///@{
template <class T>
void resample_backward(const T* dy, const Resampling<T>& to, T beta, T* dx);
template <class F>
void resample_backward(DualPointer<const F> dy, const Resampling<Real<F>>& to,
                       std::type_identity_t<Dual<F>> beta, DualPointer<F> dx) {
  resample_backward(dy.value, to, beta.value, dx.value);
  resample_backward(dy.tangent, to, beta.value, dx.tangent);
}
///@}

}  // namespace xtape
