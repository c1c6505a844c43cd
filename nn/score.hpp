#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace xtape::nn {

/// Which of two numbers is the better one.
enum class Better { unknown, higher, lower };

/// A number that measures a model: an accuracy, a loss.
struct Score {
  double value = std::numeric_limits<double>::quiet_NaN();  ///< The number.
  Better better = Better::unknown;                          ///< Which of two is the better one.

  /// NaN.
  Score() = default;

  /// Takes the number and, where it is known, which of two is the better one.
  Score(double number, Better which = Better::unknown) : value(number), better(which) {}

  /// Returns true if the value is better than `other` by more than `min_change`. Every number is
  /// better than NaN, and NaN is better than none.
  bool beats(double other, double min_change = 0) const {
    const double gain = better == Better::lower ? other - value : value - other;
    return !std::isnan(value) && (std::isnan(other) || gain > min_change);
  }
};

/// A score and its name: {"accuracy", higher_is_better(0.98)}.
struct Metric {
  std::string name;  ///< As it stands in a history and in a chart.
  Score score;       ///< A number without a sense is kept, but nothing can be judged by it.
};

/// The scores of an epoch. The first one decides which epoch is the best.
using Metrics = std::vector<Metric>;

/// Returns a score of which more is better: an accuracy.
inline Score higher_is_better(double value) { return {value, Better::higher}; }

/// Returns a score of which less is better: a loss.
inline Score lower_is_better(double value) { return {value, Better::lower}; }

}  // namespace xtape::nn
