#pragma once

#include <string>
#include <vector>

namespace xtape::nn::report {

/// A mark on an axis.
struct Tick {
  double value;       ///< The place on the axis.
  std::string label;  ///< The text at the mark.
};

/// A map from numbers between `low` and `high` to pixels between `from` and `to`.
struct Scale {
  /// The range of numbers.
  ///@{
  double low, high;
  ///@}
  /// The range of pixels.
  ///@{
  double from, to;
  ///@}
  bool logarithmic = false;  ///< Scales the logarithms of the numbers.

  /// Returns the pixel of a number. Numbers beyond the ends lie at the ends.
  double operator()(double number) const;
};

/// Returns about `count` ticks at round numbers within [low, high]. Their distance is 1, 2 or 5
/// times a power of ten. Labels end with `unit`.
std::vector<Tick> linear_ticks(double low, double high, int count, const std::string& unit = "");

/// Returns powers of ten within [low, high], at most `count`.
std::vector<Tick> power_ticks(double low, double high, int count);

}  // namespace xtape::nn::report
