#pragma once

#include <vector>

/// @file
/// Handwritten digits as strokes, the templates of synthetic_digits().

namespace xtape::nn::datasets {

/// A point on the paper.
struct Point {
  double x;  ///< Grows to the right.
  double y;  ///< Grows downwards.
};

/// The points of a smooth curve that the pen draws without leaving the paper. A point that stands
/// twice is a corner.
using Stroke = std::vector<Point>;

/// One way to write a digit, in a box about 1 high.
using Glyph = std::vector<Stroke>;

/// Returns the ways to write a digit, 0 to 9.
const std::vector<Glyph>& glyphs_of(std::size_t digit);

}  // namespace xtape::nn::datasets
