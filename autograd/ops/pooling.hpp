#pragma once

#include "autograd/tape.hpp"
#include "tensor/pair.hpp"

/// @file
/// Pools over images (batch, height, width, channels). A window of `kernel` positions moves
/// over each image in steps of `stride`. Each channel is pooled separately. The result is (batch,
/// rows, columns, channels), with 1 + floor((height + 2 padding - kernel) / stride) rows.
///
/// All pools throw ShapeError unless x has four axes and the kernel fits into the padded image.
/// They throw ValueError if the padding is more than half the kernel.

namespace xtape {

/// The options of max_pool2d().
struct MaxPoolOptions {
  Pair stride = 0;   ///< The step from window to window. 0: the kernel.
  Pair padding = 0;  ///< Positions added on each side, at most half the kernel.
};

/// The options of avg_pool2d().
struct AvgPoolOptions {
  Pair stride = 0;            ///< The step from window to window. 0: the kernel.
  Pair padding = 0;           ///< Zeros added on each side, at most half the kernel.
  bool count_padding = true;  ///< True if padding counts as zeros in the mean.
};

/// Returns the maximum of each window. dx = dy at the maximum, else 0. In a tie, the first maximum
/// in row-major order gets dy. If a window holds NaN, its maximum is NaN. Padding is never the
/// maximum. Windows may overlap. Pixels that no window covers have the gradient 0.
template <class T>
Variable<T> max_pool2d(Variable<T> x, Pair kernel, const MaxPoolOptions& options = {});

/// Returns the mean of each window. dx of a pixel is the sum of dy / (size of the window) over the
/// windows that cover the pixel. With `.count_padding = false`, the size is the number of pixels in
/// the window, without padding.
template <class T>
Variable<T> avg_pool2d(Variable<T> x, Pair kernel, const AvgPoolOptions& options = {});

/// Returns the mean of each channel of each image, (batch, channels). dx = dy / (height * width).
template <class T>
Variable<T> global_avg_pool2d(Variable<T> x);

}  // namespace xtape
