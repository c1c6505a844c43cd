#pragma once

#include <vector>

namespace mnist {

/// A point; x grows to the right, y downwards.
struct Point {
  double x;
  double y;
};

/// A line that the pen draws without leaving the paper, as the points that a smooth curve passes
/// through. A point that is given twice is a corner.
using Stroke = std::vector<Point>;

/// One way to write a digit, in a box about 1 high.
using Glyph = std::vector<Stroke>;

/// The ways to write a digit, 0 to 9.
const std::vector<Glyph>& glyphs_of(std::size_t digit);

}  // namespace mnist
