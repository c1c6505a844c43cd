#include "nn/optim/line_search.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace xtape::nn::detail {
namespace {

constexpr double enough_decrease = 1e-4, enough_curvature = 0.9;

/// Returns the minimum of the cubic through two points, kept away from both. It is the middle if
/// there is none.
double interpolate(const LinePoint& a, const LinePoint& b) {
  const double width = b.step - a.step, middle = a.step + 0.5 * width;
  const double mean = a.slope + b.slope - 3 * (b.value - a.value) / width;
  const double root = std::copysign(std::sqrt(mean * mean - a.slope * b.slope), width);
  const double best = b.step - width * (b.slope + root - mean) / (b.slope - a.slope + 2 * root);
  if (!std::isfinite(best)) {
    return middle;
  }
  const auto [low, high] = std::minmax({a.step + 0.1 * width, b.step - 0.1 * width});
  return std::clamp(best, low, high);
}

/// A search in progress.
class Search {
 public:
  Search(const Line& line, const LinePoint& start, std::size_t max_evaluations)
      : line_(line), start_(start), left_(max_evaluations) {}

  /// Lengthens the step until an acceptable one lies between two points, or is found.
  std::optional<LinePoint> widen(double first) {
    LinePoint before = start_, now = evaluate(first);
    while (true) {
      if (is_high(now) || (before.step > 0 && now.value >= before.value)) {
        return narrow(before, now);
      }
      if (is_flat(now)) {
        return now;
      }
      if (now.slope >= 0) {
        return narrow(now, before);
      }
      if (left_ == 0) {
        return now;
      }
      before = std::exchange(now, evaluate(4 * now.step));
    }
  }

 private:
  LinePoint evaluate(double step) {
    --left_;
    return line_(step);
  }

  bool is_high(const LinePoint& point) const {
    const double bound = start_.value + enough_decrease * point.step * start_.slope;
    return !(point.value <= bound) || !std::isfinite(point.value) || !std::isfinite(point.slope);
  }

  bool is_flat(const LinePoint& point) const {
    return std::abs(point.slope) <= -enough_curvature * start_.slope;
  }

  /// Finds a point between `low`, which is the lowest so far and falls towards `high`, and `high`.
  std::optional<LinePoint> narrow(LinePoint low, LinePoint high) {
    while (left_ > 0) {
      const LinePoint now = evaluate(interpolate(low, high));
      if (is_high(now) || now.value >= low.value) {
        high = now;
        continue;
      }
      if (is_flat(now)) {
        return now;
      }
      if (now.slope * (high.step - low.step) >= 0) {
        high = low;
      }
      low = now;
    }
    return low.step > 0 ? std::optional(low) : std::nullopt;
  }

  const Line& line_;
  const LinePoint start_;
  std::size_t left_;
};

}  // namespace

std::optional<LinePoint> strong_wolfe(const Line& line, const LinePoint& start, double first,
                                      std::size_t max_evaluations) {
  return Search(line, start, max_evaluations).widen(first);
}

}  // namespace xtape::nn::detail
