#pragma once

#include <cstddef>

#include "tensor/kernels/convolution.hpp"

/// @file
/// Loops over the windows of a convolution.

namespace xtape {

/// The place of a window: its image, and the row and column of its first element, which are
/// negative in the padding.
struct WindowPlace {
  std::size_t image;      ///< Its number in the batch.
  std::ptrdiff_t row;     ///< The row of the first element.
  std::ptrdiff_t column;  ///< The column of the first element.
};

/// Calls `f(position, window)` for the positions [begin, end), counted through the results of all
/// images.
template <class F>
void for_each_window(const Convolution& g, std::size_t begin, std::size_t end, F f) {
  const auto place = [](std::size_t i, std::size_t stride, std::size_t before) {
    return static_cast<std::ptrdiff_t>(i * stride) - static_cast<std::ptrdiff_t>(before);
  };
  for (std::size_t position = begin; position < end; ++position) {
    const std::size_t line = position / g.result.width;
    f(position, WindowPlace{line / g.result.height,
                            place(line % g.result.height, g.stride.height, g.before.height),
                            place(position % g.result.width, g.stride.width, g.before.width)});
  }
}

/// Calls `f(tap, pixel)` for the elements of a window in row-major order. The pixel counts through
/// all images. It is -1 in the padding.
template <class F>
void for_each_tap(const Convolution& g, const WindowPlace& window, F f) {
  const auto is_in = [](std::ptrdiff_t i, std::size_t extent) {
    return i >= 0 && static_cast<std::size_t>(i) < extent;
  };
  std::size_t tap = 0;
  for (std::size_t a = 0; a < g.kernel.height; ++a) {
    const std::ptrdiff_t row = window.row + static_cast<std::ptrdiff_t>(a * g.dilation.height);
    const bool row_is_in = is_in(row, g.image.height);
    const std::ptrdiff_t line = (static_cast<std::ptrdiff_t>(window.image * g.image.height) + row) *
                                static_cast<std::ptrdiff_t>(g.image.width);
    for (std::size_t b = 0; b < g.kernel.width; ++b) {
      const std::ptrdiff_t column =
          window.column + static_cast<std::ptrdiff_t>(b * g.dilation.width);
      f(tap++, row_is_in && is_in(column, g.image.width) ? line + column : std::ptrdiff_t{-1});
    }
  }
}

}  // namespace xtape
