#pragma once

#include <string>
#include <vector>

namespace xtape::nn::report {

/// A mark on an axis.
struct Tick {
  double value;
  std::string label;
};

/// From the numbers between `low` and `high` to the pixels between `from` and `to`.
struct Scale {
  double low, high;
  double from, to;
  bool logarithmic = false;

  /// Where a number lies; those beyond the ends lie at the ends.
  double operator()(double number) const;
};

/// Round numbers within [low, high], about `count` of them: 1, 2 or 5 times a power of ten, each
/// followed by `unit`.
std::vector<Tick> linear_ticks(double low, double high, int count, const std::string& unit = "");

/// Powers of ten within [low, high], at most `count` of them.
std::vector<Tick> power_ticks(double low, double high, int count);

}  // namespace xtape::nn::report
