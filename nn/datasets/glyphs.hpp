#pragma once

#include <vector>

/// @file
/// Handwritten digits as strokes. They are the templates of synthetic_digits().

namespace xtape::nn::datasets {

/// A point on the paper.
struct Point {
  double x;  ///< Grows to the right.
  double y;  ///< Grows downwards.
};

/// The points of a smooth curve. A repeated point is a corner.
using Stroke = std::vector<Point>;

/// The strokes of one way to write a digit. The height is about 1.
using Glyph = std::vector<Stroke>;

/// Returns all ways to write a digit from 0 to 9.
const std::vector<Glyph>& glyphs_of(std::size_t digit);

}  // namespace xtape::nn::datasets
