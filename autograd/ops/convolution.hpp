#pragma once

#include "autograd/tape.hpp"
#include "tensor/kernels/convolution.hpp"

/// @file
/// Convolutions of images (batch, height, width, channels) and sequences (batch, length, channels).

namespace xtape {

/// y(n, i, j, o) = b(o) + the sum over a, b, c of w(a, b, c, o) x(n, i s + a d - p, j s + b d - p,
/// c), for stride s, dilation d and padding p; x is 0 outside the image. x is (batch, height,
/// width, in), w (kernel height, kernel width, in / groups, out), and the bias, which may be left
/// out, (out). With groups, output o sees the channels of its group. dx and dw are the transposed
/// sums of dy, db is the sum of dy over all positions. The options are `{.stride, .padding,
/// .dilation, .groups}`, each one number or, up to groups, a pair; padding may be `same`. Throws
/// ShapeError if the shapes do not fit, ValueError for an option that makes no sense.
///@{
template <class T>
Variable<T> conv2d(Variable<T> x, Variable<T> weight, const Conv2dOptions& options = {});
template <class T>
Variable<T> conv2d(Variable<T> x, Variable<T> weight, Variable<T> bias,
                   const Conv2dOptions& options = {});
///@}

/// Sequences convolved as conv2d convolves images: x (batch, length, in), w (kernel, in / groups,
/// out), and the bias, which may be left out, (out). Throws as conv2d does.
///@{
template <class T>
Variable<T> conv1d(Variable<T> x, Variable<T> weight, const Conv1dOptions& options = {});
template <class T>
Variable<T> conv1d(Variable<T> x, Variable<T> weight, Variable<T> bias,
                   const Conv1dOptions& options = {});
///@}

/// The transpose of conv2d as a linear map: y is what conv2d with w gives to its images as a
/// gradient, when its results have the gradient x. x is (batch, height, width, in), w (kernel
/// height, kernel width, out / groups, in), and the bias, which may be left out, (out). An extent h
/// becomes (h - 1) stride - 2 padding + (kernel - 1) dilation + output_padding + 1. dx is conv2d of
/// dy, dw and db are as there. The options are `{.stride, .padding, .output_padding, .groups,
/// .dilation}`. Throws ShapeError if the shapes do not fit, ValueError for an option that makes no
/// sense.
///@{
template <class T>
Variable<T> conv_transpose2d(Variable<T> x, Variable<T> weight,
                             const ConvTranspose2dOptions& options = {});
template <class T>
Variable<T> conv_transpose2d(Variable<T> x, Variable<T> weight, Variable<T> bias,
                             const ConvTranspose2dOptions& options = {});
///@}

}  // namespace xtape
