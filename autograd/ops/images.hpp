#pragma once

#include <cstddef>

#include "autograd/tape.hpp"
#include "tensor/pair.hpp"

/// @file
/// Ops that enlarge images (batch, height, width, channels). They treat each channel separately.
/// All throw ShapeError unless x has four axes. dy is the gradient of the result y.

namespace xtape {

/// The interpolation of upsample2d().
enum class Upsampling {
  nearest,   ///< Each pixel becomes a block.
  bilinear,  ///< Linear interpolation between the centres of four pixels. Edge pixels are repeated.
};

/// Returns the images with `factor` times their height and width. dx is the sum of dy, with the
/// weights that x has in y. Bilinear upsampling gives the results of PyTorch with
/// align_corners=False. Throws ValueError if a factor is 0, and ShapeError if the images have no
/// pixels.
template <class T>
Variable<T> upsample2d(Variable<T> x, Pair factor, Upsampling mode = Upsampling::nearest);

/// The numbers of rows and columns that pad() adds. Write one number for all sides, `2`. Write
/// `Pair(2, 1)` for 2 rows at the top and the bottom and 1 column on the left and the right. Or
/// write four numbers: top, bottom, left, right.
struct Margins {
  /// The same number on all sides.
  constexpr Margins(std::size_t all) : Margins(Pair(all)) {}
  /// One number for the top and the bottom, one for the left and the right.
  constexpr Margins(Pair sides) : Margins(sides.height, sides.height, sides.width, sides.width) {}
  /// A number for each side.
  constexpr Margins(std::size_t at_top, std::size_t at_bottom, std::size_t on_left,
                    std::size_t on_right)
      : top(at_top), bottom(at_bottom), left(on_left), right(on_right) {}

  std::size_t top;     ///< Rows above the image.
  std::size_t bottom;  ///< Rows below the image.
  std::size_t left;    ///< Columns to the left.
  std::size_t right;   ///< Columns to the right.
};

/// The content of the rows and columns that pad() adds.
enum class PadMode {
  constant,  ///< One number.
  reflect,   ///< The image mirrored at its outermost pixels, which are not repeated.
};

/// The options of pad().
struct PadOptions {
  PadMode mode = PadMode::constant;  ///< The content of the added rows and columns.
  double value = 0;                  ///< The number that PadMode::constant adds.
};

/// Returns the images with rows and columns added. dx is the sum of dy at the copies of x. With
/// PadMode::reflect, throws ShapeError unless each side adds fewer pixels than the image has along
/// that axis.
template <class T>
Variable<T> pad(Variable<T> x, const Margins& margins, const PadOptions& options = {});

}  // namespace xtape
