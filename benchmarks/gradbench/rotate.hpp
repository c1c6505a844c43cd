#pragma once

#include "benchmarks/gradbench/eval.hpp"

namespace gradbench {

/// Returns the cross products of vectors (3, n), column by column.
inline Variable cross(Variable a, Variable b) {
  return gather(a, {1, 2, 0}) * gather(b, {2, 0, 1}) - gather(a, {2, 0, 1}) * gather(b, {1, 2, 0});
}

/// Rotates the points (3, n) around the axes `by` (3, n) by angles that are as long as the axes, by
/// the formula of Rodrigues.
inline Variable rotate(Variable by, Variable points) {
  const auto squares = sum(square(by), 0);
  const auto turns = squares != 0;
  const auto angle = sqrt(where(turns, squares, 1.0));
  const auto axis = by / angle;
  const auto c = cos(angle);
  const auto turned =
      points * c + cross(axis, points) * sin(angle) + axis * (sum(axis * points, 0) * (1 - c));
  return where(turns, turned, points + cross(by, points));
}

}  // namespace gradbench
