#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace xtape::nn {

/// The direction in which a score improves.
enum class Better { unknown, higher, lower };

/// A number that measures a model, such as an accuracy or a loss.
struct Score {
  double value = std::numeric_limits<double>::quiet_NaN();  ///< The number.
  Better better = Better::unknown;                          ///< The direction of improvement.

  /// Creates a score of NaN.
  Score() = default;

  /// Takes the number and, if it is known, the direction in which the score improves.
  Score(double number, Better which = Better::unknown) : value(number), better(which) {}

  /// True if the value is better than `other` by more than `min_change`. Every number is better
  /// than NaN. NaN is better than no number.
  bool beats(double other, double min_change = 0) const {
    const double gain = better == Better::lower ? other - value : value - other;
    return !std::isnan(value) && (std::isnan(other) || gain > min_change);
  }
};

/// A score and its name: {"accuracy", higher_is_better(0.98)}.
struct Metric {
  std::string name;  ///< The name in histories and charts.
  Score score;       ///< The number. With Better::unknown, it is recorded and cannot be compared.
};

/// The scores of an epoch. The first one decides which epoch is the best.
using Metrics = std::vector<Metric>;

/// Returns a score that improves when it rises, such as an accuracy.
inline Score higher_is_better(double value) { return {value, Better::higher}; }

/// Returns a score that improves when it falls, such as a loss.
inline Score lower_is_better(double value) { return {value, Better::lower}; }

}  // namespace xtape::nn
