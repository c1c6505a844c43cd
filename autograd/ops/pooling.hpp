#pragma once

#include "autograd/tape.hpp"
#include "tensor/pair.hpp"

/// @file
/// Pools over images (batch, height, width, channels). A window of `kernel` positions moves over
/// each image in steps of `stride`. Each channel is by itself. The result is (batch, rows, columns,
/// channels), with 1 + floor((height + 2 padding - kernel) / stride) rows. All pools throw
/// ShapeError unless x has four axes and the kernel fits into the image with its padding, and
/// ValueError if the padding is more than half the kernel.

namespace xtape {

/// How the windows of max_pool2d() lie.
struct MaxPoolOptions {
  Pair stride = 0;   ///< The step from window to window. 0: the kernel.
  Pair padding = 0;  ///< Positions added on each side, at most half the kernel.
};

/// How the windows of avg_pool2d() lie, and what they count.
struct AvgPoolOptions {
  Pair stride = 0;            ///< The step from window to window. 0: the kernel.
  Pair padding = 0;           ///< Zeros added on each side, at most half the kernel.
  bool count_padding = true;  ///< Divide by the size of the kernel, as if padding were pixels.
};

/// Returns y = max of a window,   dx = dy at the first of equal maxima, else 0. NaN wins. Padding
/// never wins. Windows may overlap, and pixels that no window covers get the gradient 0.
template <class T>
Variable<T> max_pool2d(Variable<T> x, Pair kernel, const MaxPoolOptions& options = {});

/// Returns y = mean of a window,   dx = sum of dy / (size of the window) over the windows that
/// cover it. With `.count_padding = false`, the size is the number of pixels in the window, without
/// padding.
template <class T>
Variable<T> avg_pool2d(Variable<T> x, Pair kernel, const AvgPoolOptions& options = {});

/// Returns y(n, c) = mean of channel c of image n,   dx = dy / (height * width). The result is
/// (batch, channels).
template <class T>
Variable<T> global_avg_pool2d(Variable<T> x);

}  // namespace xtape
