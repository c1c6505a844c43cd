#pragma once

#include <cstddef>
#include <functional>

/// @file
/// Learning rates that change as training goes on:
///
///     nn::SGD sgd({.learning_rate = nn::warm_up(100, nn::cosine_decay(0.1, 5000))});
///
/// Each throws ValueError unless rates are finite and at least 0. A rate that follows the scores of
/// the model is on_plateau() in nn/optim/learning_rate.hpp.

namespace xtape::nn {

/// The learning rate of a step; steps are counted from 0.
using Schedule = std::function<double(std::size_t step)>;

/// `rate` always.
Schedule constant(double rate);

/// rate factor^floor(step / every). Throws ValueError unless every > 0 and 0 < factor <= 1.
Schedule step_decay(double rate, std::size_t every, double factor);

/// rate + (final_rate - rate) step / total_steps, and from total_steps on final_rate.
/// Throws ValueError when total_steps is 0.
Schedule linear_decay(double rate, std::size_t total_steps, double final_rate = 0);

/// final_rate + (rate - final_rate) (1 - step / total_steps)^power, and from total_steps on
/// final_rate. Throws ValueError if total_steps is 0 or unless power > 0.
Schedule polynomial_decay(double rate, std::size_t total_steps, double power,
                          double final_rate = 0);

/// final_rate + (rate - final_rate) (1 + cos(pi step / total_steps)) / 2, and from total_steps on
/// final_rate: one period of SGDR (Loshchilov and Hutter 2017, equation 5). Throws ValueError when
/// total_steps is 0.
Schedule cosine_decay(double rate, std::size_t total_steps, double final_rate = 0);

/// then(0) (step + 1) / (steps + 1) during the first `steps` steps, a line that neither begins at a
/// useless 0 nor takes then(0) twice (Goyal et al. 2017 warm up so); after them then(step - steps).
/// Throws ValueError when `then` is empty.
Schedule warm_up(std::size_t steps, Schedule then);

/// The shape of one_cycle(). Rates are given as parts of the peak.
struct OneCycleOptions {
  double rise = 0.3;    ///< The part of all steps before the peak. In [0, 1].
  double first = 0.04;  ///< The rate of the first step. In [0, 1].
  double last = 4e-6;   ///< The rate of the last step. In [0, 1].
};

/// One cycle (Smith and Topin 2018): half a cosine up from peak first to `peak`, then half a cosine
/// down to peak last, where it stays. The first step has number 0, the peak number
/// rise total_steps - 1, the last number total_steps - 1, as in PyTorch's OneCycleLR. Throws
/// ValueError if total_steps is 0 or an option is out of range.
Schedule one_cycle(double peak, std::size_t total_steps, const OneCycleOptions& options = {});

}  // namespace xtape::nn
