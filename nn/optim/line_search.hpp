#pragma once

#include <cstddef>
#include <functional>
#include <optional>

/// @file
/// The search along a direction for a step that is good enough.

namespace xtape::nn::detail {

/// A point of a function along a line: the length of the step to it, and value and slope there.
struct LinePoint {
  double step, value, slope;
};

/// The function along the line.
using Line = std::function<LinePoint(double step)>;

/// Returns the first point found that satisfies the strong Wolfe conditions (Nocedal and Wright
/// 2006, algorithms 3.5 and 3.6). The value falls by 1e-4 of what the slope at `start` promises.
/// The slope is at most 0.9 of that slope. The first step tried has the length `first`. After
/// `max_evaluations`, the best point that falls enough is returned, or none. A value or a slope
/// that is not finite counts as too high. The slope at `start` must be negative.
std::optional<LinePoint> strong_wolfe(const Line& line, const LinePoint& start, double first,
                                      std::size_t max_evaluations);

}  // namespace xtape::nn::detail
