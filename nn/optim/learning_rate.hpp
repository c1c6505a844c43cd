#pragma once

#include <concepts>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>

#include "nn/optim/schedule.hpp"
#include "nn/score.hpp"

namespace xtape::nn {

/// Options of on_plateau(). The function throws ValueError if an option is out of range.
struct PlateauOptions {
  double factor = 0.1;        ///< The factor of a reduction. In (0, 1).
  std::size_t patience = 10;  ///< Reports in a row without a better score. At least 1.
  double min_change = 0;      ///< A score is better by more than this. At least 0.
};

/// The state of a rate that follows scores.
struct Plateau {
  double scale = 1;                                        ///< The factor of the rate.
  double best = std::numeric_limits<double>::quiet_NaN();  ///< The best score so far.
  std::size_t waits = 0;                                   ///< Reports since the best score.

  /// True if all members are equal.
  bool operator==(const Plateau&) const = default;
};

/// The learning rate of an optimizer: a number, or a schedule of numbers.
///
///     nn::SGD sgd({.learning_rate = 0.1});
///     nn::SGD sgd({.learning_rate = nn::cosine_decay(0.1, 5000)});
///
/// The optimizer checks that the resulting rates are valid.
class LearningRate {
 public:
  /// Makes a constant rate.
  LearningRate(double rate) : schedule_([rate](std::size_t) { return rate; }) {}

  /// Makes a rate from a schedule, or from any callable that maps a step number to a rate. Throws
  /// ValueError if the schedule is empty.
  template <class F>
  requires std::is_invocable_r_v<double, const F&, std::size_t> LearningRate(F schedule)
      : schedule_(std::move(schedule)) {
    require_schedule();
  }

  /// Returns the rate of a step at a scale of 1. Steps count from 0. Throws ValueError if the rate
  /// was moved from.
  double operator()(std::size_t step) const {
    require_schedule();
    return schedule_(step);
  }

  /// Returns the next state after a report of `score`. Without on_plateau(), the state does not
  /// change. Throws ValueError if the score does not say whether higher is better.
  Plateau after(Plateau plateau, const Score& score) const;

 private:
  friend LearningRate on_plateau(LearningRate rate, const PlateauOptions& options);

  void require_schedule() const;

  Schedule schedule_;
  std::optional<PlateauOptions> plateau_;
};

/// Returns a learning rate that falls when the model stops improving. The rate is multiplied by
/// `options.factor` after `options.patience` calls of Optimizer::report() in a row without a better
/// score:
///
///     nn::SGD sgd({.learning_rate = nn::on_plateau(0.1, {.factor = 0.5, .patience = 3})});
///     ...
///     sgd.report(nn::higher_is_better(accuracy));  // after each epoch; nn::Epochs does it
LearningRate on_plateau(LearningRate rate, const PlateauOptions& options = {});

}  // namespace xtape::nn
