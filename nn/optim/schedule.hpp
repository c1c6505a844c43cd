#pragma once

#include <cstddef>
#include <functional>

/// @file
/// Learning-rate schedules:
///
///     nn::SGD sgd({.learning_rate = nn::warm_up(100, nn::cosine_decay(0.1, 5000))});
///
/// All functions of this file throw ValueError unless rates are finite and at least 0. For a rate
/// that follows the scores of the model, see on_plateau() in nn/optim/learning_rate.hpp.

namespace xtape::nn {

/// A function that returns the learning rate of a step. Steps count from 0.
using Schedule = std::function<double(std::size_t step)>;

/// Returns the schedule `rate` for all steps.
Schedule constant(double rate);

/// Returns the schedule rate factor^floor(step / every). Throws ValueError unless every > 0 and 0 <
/// factor <= 1.
Schedule step_decay(double rate, std::size_t every, double factor);

/// Returns the schedule rate + (final_rate - rate) step / total_steps. From total_steps on, it is
/// final_rate. Throws ValueError if total_steps is 0.
Schedule linear_decay(double rate, std::size_t total_steps, double final_rate = 0);

/// Returns the schedule final_rate + (rate - final_rate) (1 - step / total_steps)^power. From
/// total_steps on, it is final_rate. Throws ValueError if total_steps is 0, or unless power > 0.
Schedule polynomial_decay(double rate, std::size_t total_steps, double power,
                          double final_rate = 0);

/// Returns the schedule final_rate + (rate - final_rate) (1 + cos(pi step / total_steps)) / 2. From
/// total_steps on, it is final_rate. It is one period of SGDR (Loshchilov and Hutter 2017, equation
/// 5). Throws ValueError if total_steps is 0.
Schedule cosine_decay(double rate, std::size_t total_steps, double final_rate = 0);

/// Returns a linear warm-up over `steps` steps, followed by the schedule `then` (Goyal et al.
/// 2017). The rate is then(0) (step + 1) / (steps + 1) during the warm-up, and then(step - steps)
/// from step `steps` on. The first rate is above 0 if then(0) is, and then(0) is used once. Throws
/// ValueError if `then` is empty.
Schedule warm_up(std::size_t steps, Schedule then);

/// Options of one_cycle(). Rates are fractions of the peak.
struct OneCycleOptions {
  double rise = 0.3;    ///< The part of all steps before the peak. In [0, 1].
  double first = 0.04;  ///< The rate of the first step. In [0, 1].
  double last = 4e-6;   ///< The rate of the last step. In [0, 1].
};

/// Returns one cycle (Smith and Topin 2018). The rate rises along half a cosine from peak first to
/// `peak`. Then it falls along half a cosine to peak last, and stays there. Steps count from 0. The
/// peak is at step rise total_steps - 1, and the end at step total_steps - 1, as in PyTorch's
/// OneCycleLR. Throws ValueError if total_steps is 0 or an option is out of range.
Schedule one_cycle(double peak, std::size_t total_steps, const OneCycleOptions& options = {});

}  // namespace xtape::nn
