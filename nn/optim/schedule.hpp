#pragma once

#include <cstddef>
#include <functional>

/// @file
/// Learning rates that change as training goes on:
///
///     const nn::Schedule rate = nn::warm_up(100, nn::cosine_decay(0.1, 5000));
///     sgd.options.learning_rate = rate(step);
///
/// Each throws ValueError unless rates are finite and at least 0.

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

/// final_rate + (rate - final_rate) (1 + cos(pi step / total_steps)) / 2, and from total_steps on
/// final_rate: one period of SGDR (Loshchilov and Hutter 2017, equation 5). Throws ValueError when
/// total_steps is 0.
Schedule cosine_decay(double rate, std::size_t total_steps, double final_rate = 0);

/// then(0) (step + 1) / (steps + 1) during the first `steps` steps, a line that neither begins at a
/// useless 0 nor takes then(0) twice (Goyal et al. 2017 warm up so); after them then(step - steps).
/// Throws ValueError when `then` is empty.
Schedule warm_up(std::size_t steps, Schedule then);

}  // namespace xtape::nn
