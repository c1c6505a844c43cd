#pragma once

#include "autograd/tape.hpp"
#include "tensor/kernels/convolution.hpp"

/// @file
/// Convolutions of images (batch, height, width, channels) and sequences (batch, length, channels).

namespace xtape {

/// Returns y(n, i, j, o) = bias(o) + the sum over a, b, c of w(a, b, c, o) x(n, i s + a d - p, j s
/// + b d - p, c), for stride s, dilation d and padding p. Outside the image, x is 0. The shapes are
/// x (batch, height, width, in), w (kernel height, kernel width, in / groups, out) and bias (out).
/// The bias may be left out. With groups, output o sees the channels of its group. dx and dw are
/// the transposed sums of dy. dbias is the sum of dy over all positions. The options are `{.stride,
/// .padding, .dilation, .groups}`. Stride, padding and dilation are a number or a pair; padding may
/// be `same`. Throws ShapeError if the shapes do not fit. Throws ValueError for an option out of
/// range.
///@{
template <class T>
Variable<T> conv2d(Variable<T> x, Variable<T> weight, const Conv2dOptions& options = {});
template <class T>
Variable<T> conv2d(Variable<T> x, Variable<T> weight, Variable<T> bias,
                   const Conv2dOptions& options = {});
///@}

/// Returns the convolution of sequences, as conv2d computes it for images. The shapes are x (batch,
/// length, in), w (kernel, in / groups, out) and bias (out). The bias may be left out. Throws the
/// errors of conv2d.
///@{
template <class T>
Variable<T> conv1d(Variable<T> x, Variable<T> weight, const Conv1dOptions& options = {});
template <class T>
Variable<T> conv1d(Variable<T> x, Variable<T> weight, Variable<T> bias,
                   const Conv1dOptions& options = {});
///@}

/// Returns the transpose of conv2d as a linear map: the gradient of the images of conv2d with w, if
/// the gradient of its result is x. The shapes are x (batch, height, width, in), w (kernel height,
/// kernel width, out / groups, in) and bias (out). The bias may be left out. An extent h becomes (h
/// - 1) stride - 2 padding + (kernel - 1) dilation + output_padding + 1. dx is conv2d of dy. dw and
/// dbias are those of conv2d with x and dy exchanged. The options are `{.stride, .padding,
/// .output_padding, .groups, .dilation}`. Throws ShapeError if the shapes do not fit. Throws
/// ValueError for an option out of range.
///@{
template <class T>
Variable<T> conv_transpose2d(Variable<T> x, Variable<T> weight,
                             const ConvTranspose2dOptions& options = {});
template <class T>
Variable<T> conv_transpose2d(Variable<T> x, Variable<T> weight, Variable<T> bias,
                             const ConvTranspose2dOptions& options = {});
///@}

}  // namespace xtape
