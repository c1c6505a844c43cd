#pragma once

#include <cstddef>

#include "autograd/tape.hpp"
#include "tensor/pair.hpp"

/// @file
/// Ops that enlarge images (batch, height, width, channels). Each channel is by itself. All throw
/// ShapeError unless x has four axes.

namespace xtape {

/// How upsample2d() finds the pixels between those of the image.
enum class Upsampling {
  nearest,   ///< Each pixel becomes a block.
  bilinear,  ///< Between the centres of four pixels, it interpolates. At the edges, it repeats
             ///< them.
};

/// y = images whose height and width are `factor` times as large,   dx = sum of dy times the weight
/// of x in y. Bilinear upsampling is PyTorch's with align_corners=False. Throws ValueError if a
/// factor is 0, and ShapeError if the images have no pixels.
template <class T>
Variable<T> upsample2d(Variable<T> x, Pair factor, Upsampling mode = Upsampling::nearest);

/// How many rows and columns pad() adds: as many on all sides, `2`; as many at the top as at the
/// bottom, and on the left as on the right, `Pair(2, 1)`; or a number for each side.
struct Margins {
  constexpr Margins(std::size_t all) : Margins(Pair(all)) {}
  constexpr Margins(Pair sides) : Margins(sides.height, sides.height, sides.width, sides.width) {}
  constexpr Margins(std::size_t at_top, std::size_t at_bottom, std::size_t on_left,
                    std::size_t on_right)
      : top(at_top), bottom(at_bottom), left(on_left), right(on_right) {}

  std::size_t top, bottom, left, right;
};

/// What pad() adds.
enum class PadMode {
  constant,  ///< One number.
  reflect,   ///< The image mirrored at its outermost pixels, which are not repeated.
};

/// How pad() adds rows and columns.
struct PadOptions {
  PadMode mode = PadMode::constant;  ///< What it adds.
  double value = 0;                  ///< The number that PadMode::constant adds.
};

/// y = images with rows and columns added,   dx = sum of dy at the copies of x. Throws ShapeError
/// if there are fewer pixels to reflect than a side adds.
template <class T>
Variable<T> pad(Variable<T> x, const Margins& margins, const PadOptions& options = {});

}  // namespace xtape
