#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <type_traits>

#include "autograd/tape.hpp"

/// @file
/// Ops that normalise: y = weight (x - mean) / sqrt(variance + epsilon) + bias. Each op takes
/// the mean and the variance over other axes. The variance is the mean of (x - mean)^2. A mean much
/// larger than the deviation does not cost precision.
///
/// The gradients, with h = (x - mean) / sqrt(variance + epsilon) and g = dy weight, are
///
///     dx = (g - mean of g - h mean of g h) / sqrt(variance + epsilon)
///     dweight = sum of dy h
///     dbias = sum of dy
///
/// A missing weight counts as 1, and a missing bias as 0.
///
/// All throw ShapeError if the shapes of the operands do not fit. They throw ValueError unless
/// epsilon is finite and at least 0.

namespace xtape {

/// A Variable, or std::nullopt.
template <class T>
using OptionalVariable = std::type_identity_t<std::optional<Variable<T>>>;

/// Returns y = weight (x - mean) / sqrt(variance + epsilon) + bias for each channel of x (batch,
/// ..., channels), over all axes but the last (Ioffe and Szegedy 2015). Weight and bias are
/// (channels). Throws ShapeError unless there are at least two values for each channel.
/// nn::BatchNorm also keeps running averages of the statistics.
template <class T>
Variable<T> batch_norm(Variable<T> x, OptionalVariable<T> weight = {},
                       OptionalVariable<T> bias = {}, double epsilon = 1e-5);

/// Returns y = weight (x - mean) / sqrt(variance + epsilon) + bias for each sample of x (...,
/// features), over the last axis, or over the last `axes` axes (Ba et al. 2016). Weight and bias
/// have the extents of these axes.
template <class T>
Variable<T> layer_norm(Variable<T> x, OptionalVariable<T> weight = {},
                       OptionalVariable<T> bias = {}, double epsilon = 1e-5, std::size_t axes = 1);

/// Returns y = weight (x - mean) / sqrt(variance + epsilon) + bias for each group of channels of
/// each sample of x (batch, ..., channels) (Wu and He 2018). The groups are equal runs of channels.
/// Weight and bias are (channels). Throws ShapeError unless `groups` divides the channels.
template <class T>
Variable<T> group_norm(Variable<T> x, std::size_t groups, OptionalVariable<T> weight = {},
                       OptionalVariable<T> bias = {}, double epsilon = 1e-5);

namespace detail {

/// The result of batch_norm(), with the mean and the variance of each channel. The variance of n
/// values divides by n - 1. Mean and variance are plain numbers. They are valid until the tape is
/// rewound.
template <class T>
struct MeasuredBatch {
  Variable<T> y;
  std::span<const Real<T>> mean, unbiased_variance;
};

/// Records batch_norm() and returns the statistics too.
template <class T>
MeasuredBatch<T> measured_batch_norm(Variable<T> x, OptionalVariable<T> weight,
                                     OptionalVariable<T> bias, double epsilon);

}  // namespace detail

}  // namespace xtape
