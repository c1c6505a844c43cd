#pragma once

#include "autograd/tape.hpp"
#include "tensor/kernels/convolution.hpp"

/// @file
/// Convolutions of images (batch, height, width, channels) and sequences (batch, length, channels).

namespace xtape {

/// Returns the convolution of images:
///
///     y(n, i, j, o) = bias(o) + sum over a, b, c of w(a, b, c, o) x(n, r, q, c)
///     with r = i stride - padding + a dilation and q = j stride - padding + b dilation.
///
/// Outside the image, x is 0. The shapes are x (batch, height, width, in), w (kernel height, kernel
/// width, in / groups, out) and bias (out). The bias may be left out. With groups, an output
/// channel depends only on the input channels of its group.
///
/// dx is conv_transpose2d of dy with w. dw(a, b, c, o) is the sum of x(n, r, q, c) dy(n, i, j, o)
/// over n, i, j. dbias is the sum of dy over all positions.
///
/// The options are `{.stride, .padding, .dilation, .groups}`. Stride, padding and dilation are a
/// number or a pair. Padding may also be `same`. Throws ShapeError if the shapes do not fit. Throws
/// ValueError for an option out of range.
///@{
template <class T>
Variable<T> conv2d(Variable<T> x, Variable<T> weight, const Conv2dOptions& options = {});
template <class T>
Variable<T> conv2d(Variable<T> x, Variable<T> weight, Variable<T> bias,
                   const Conv2dOptions& options = {});
///@}

/// Returns the convolution of sequences, as conv2d computes it for images. The shapes are x (batch,
/// length, in), w (kernel, in / groups, out) and bias (out). The bias may be left out. Throws as
/// conv2d does.
///@{
template <class T>
Variable<T> conv1d(Variable<T> x, Variable<T> weight, const Conv1dOptions& options = {});
template <class T>
Variable<T> conv1d(Variable<T> x, Variable<T> weight, Variable<T> bias,
                   const Conv1dOptions& options = {});
///@}

/// Returns the transposed convolution. It is the gradient dx of conv2d with the weight w, where x
/// takes the place of dy.
///
/// The shapes are x (batch, height, width, in), w (kernel height, kernel width, out / groups, in)
/// and bias (out). The bias may be left out. The height of the result is
///
///     (height - 1) stride - 2 padding + (kernel height - 1) dilation + output_padding + 1
///
/// and likewise the width.
///
/// dx is conv2d of dy with w. dw is the dw of conv2d with x and dy exchanged. dbias is the sum of
/// dy over all positions.
///
/// The options are `{.stride, .padding, .output_padding, .groups, .dilation}`. Throws ShapeError if
/// the shapes do not fit. Throws ValueError for an option out of range.
///@{
template <class T>
Variable<T> conv_transpose2d(Variable<T> x, Variable<T> weight,
                             const ConvTranspose2dOptions& options = {});
template <class T>
Variable<T> conv_transpose2d(Variable<T> x, Variable<T> weight, Variable<T> bias,
                             const ConvTranspose2dOptions& options = {});
///@}

}  // namespace xtape
