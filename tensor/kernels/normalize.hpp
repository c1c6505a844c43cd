#pragma once

#include <cstddef>

#include "tensor/array.hpp"

/// @file
/// Kernels that normalise: batch norm, layer norm and group norm.

namespace xtape {

/// An array as samples x positions x channels. Its channels form equal groups of neighbours. The
/// numbers of one group of one sample are normalised together.
struct NormShape {
  std::size_t samples;    ///< The extent of the first axis.
  std::size_t positions;  ///< The extent of the second axis.
  std::size_t channels;   ///< The extent of the last axis.
  std::size_t groups;     ///< The number of groups of channels.

  /// Returns the number of statistics of a sample: one for each channel, or one if there is one
  /// group.
  std::size_t width() const { return groups == 1 ? 1 : channels; }

  /// Returns the number of statistics of all samples.
  std::size_t statistics() const { return samples * width(); }

  /// Returns the number of elements that are normalised together.
  std::size_t count() const { return positions * (channels / groups); }

  /// True if each channel is a group of the one sample, as in batch norm.
  bool by_channel() const { return samples == 1 && groups == channels; }
};

/// The statistics of an array: one each for the samples and, within a sample, for the channels, or
/// one if there is one group. The mean is guess + shift, so x - mean keeps the digits of numbers
/// whose mean is large.
template <class T>
struct Moments {
  T* guess;     ///< A number near the mean.
  T* shift;     ///< The mean minus the guess.
  T* variance;  ///< The mean of (x - mean)^2.
  T* inverse;   ///< 1 / sqrt(variance + epsilon).
};

/// Computes the statistics of x. Differences from the guess are added by blocks, and the sums of
/// blocks in double precision, in an order that does not depend on the number of threads.
template <class T>
void measure(const T* x, const NormShape& shape, double epsilon, const Moments<T>& moments);

/// Computes y = weight (x - mean) inverse + bias, with a weight and a bias for each channel.
template <class T>
void normalize(const T* x, const NormShape& shape, const Moments<T>& moments, const T* weight,
               const T* bias, T* y);

/// Computes dbias = sum of dy and dweight = sum of dy (x - mean) inverse, for each channel.
template <class T>
void sum_by_channel(const T* x, const T* dy, const NormShape& shape, const Moments<T>& moments,
                    double* dweight, double* dbias);

/// Computes dx = beta dx + the gradient of normalize(), with beta 0 or 1. The statistics depend on
/// x, too. `dweight` and `dbias` come from sum_by_channel(), and are read if shape.by_channel().
template <class T>
void normalize_backward(const T* x, const T* dy, const NormShape& shape, const Moments<T>& moments,
                        const T* weight, const double* dweight, const double* dbias, T beta, T* dx);

}  // namespace xtape
