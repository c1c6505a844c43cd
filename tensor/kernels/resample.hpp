#pragma once

#include <cstddef>
#include <span>

#include "tensor/array.hpp"

/// @file
/// Kernels that read images at other positions, one axis at a time: upsampling and padding.

namespace xtape {

/// Where a row or a column of a result comes from: the sum of two positions of an image, each times
/// its weight. A position of weight 0 is not read.
template <class T>
struct Source {
  std::size_t first, second;
  T first_weight, second_weight;

  /// True if the row or column comes from no position.
  bool outside() const { return first_weight == T(0) && second_weight == T(0); }
};

/// Images (batch, height, width, channels), and where each row and column of a result comes from.
template <class T>
struct Resampling {
  std::size_t batch, height, width, channels;
  std::span<const Source<T>> rows, columns;
};

/// Computes y, (batch, rows.size(), columns.size(), channels). Pixels whose row or column comes
/// from outside become `value`.
template <class T>
void resample(const T* x, const Resampling<T>& to, T value, T* y);

/// Computes dx = beta dx + the gradient of resample(), with beta 0 or 1.
template <class T>
void resample_backward(const T* dy, const Resampling<T>& to, T beta, T* dx);

}  // namespace xtape
