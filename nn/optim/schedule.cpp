#include "nn/optim/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "tensor/error.hpp"

namespace xtape::nn {
namespace {

void require_rate(const char* schedule, double rate) {
  require<ValueError>(rate >= 0 && std::isfinite(rate), "{}: expected a rate of at least 0, got {}",
                      schedule, rate);
}

/// Returns the completed part of a decay: step / total_steps, at most 1.
double progress(std::size_t step, std::size_t total_steps) {
  return step < total_steps ? static_cast<double>(step) / static_cast<double>(total_steps) : 1;
}

/// Half a period of a cosine from `from` to `to`, as `part` goes from 0 to 1.
double half_cosine(double from, double to, double part) {
  return to + (from - to) * (1 + std::cos(std::numbers::pi * part)) / 2;
}

void require_decay(const char* schedule, double rate, std::size_t total_steps, double final_rate) {
  require_rate(schedule, rate);
  require_rate(schedule, final_rate);
  require<ValueError>(total_steps > 0, "{}: expected total_steps of at least 1, got 0", schedule);
}

}  // namespace

Schedule constant(double rate) {
  require_rate("constant", rate);
  return [=](std::size_t) { return rate; };
}

Schedule step_decay(double rate, std::size_t every, double factor) {
  require_rate("step_decay", rate);
  require<ValueError>(every > 0, "step_decay: expected a decay every 1 or more steps, got 0");
  require<ValueError>(factor > 0 && factor <= 1, "step_decay: expected a factor in (0, 1], got {}",
                      factor);
  return [=](std::size_t step) {
    const std::size_t decays = step / every;
    return rate * std::pow(factor, static_cast<double>(decays));
  };
}

Schedule linear_decay(double rate, std::size_t total_steps, double final_rate) {
  require_decay("linear_decay", rate, total_steps, final_rate);
  return [=](std::size_t step) { return std::lerp(rate, final_rate, progress(step, total_steps)); };
}

Schedule polynomial_decay(double rate, std::size_t total_steps, double power, double final_rate) {
  require_decay("polynomial_decay", rate, total_steps, final_rate);
  require<ValueError>(power > 0 && std::isfinite(power),
                      "polynomial_decay: expected a power above 0, got {}", power);
  return [=](std::size_t step) {
    return final_rate + (rate - final_rate) * std::pow(1 - progress(step, total_steps), power);
  };
}

Schedule cosine_decay(double rate, std::size_t total_steps, double final_rate) {
  require_decay("cosine_decay", rate, total_steps, final_rate);
  return
      [=](std::size_t step) { return half_cosine(rate, final_rate, progress(step, total_steps)); };
}

Schedule warm_up(std::size_t steps, Schedule then) {
  require<ValueError>(static_cast<bool>(then), "warm_up: expected a schedule, got an empty one");
  return [steps, then = std::move(then)](std::size_t step) {
    if (step >= steps) {
      return then(step - steps);
    }
    return then(0) * (static_cast<double>(step) + 1) / (static_cast<double>(steps) + 1);
  };
}

Schedule one_cycle(double peak, std::size_t total_steps, const OneCycleOptions& options) {
  require_decay("one_cycle", peak, total_steps, 0);
  const auto require_part = [](const char* name, double part) {
    require<ValueError>(part >= 0 && part <= 1, "one_cycle: expected a {} in [0, 1], got {}", name,
                        part);
  };
  require_part("rise", options.rise);
  require_part("first", options.first);
  require_part("last", options.last);
  const double end = static_cast<double>(total_steps - 1);
  const double top = std::max(0., options.rise * static_cast<double>(total_steps) - 1);
  return [=](std::size_t number) {
    const double step = std::min(static_cast<double>(number), end);
    if (step < top) {
      return half_cosine(peak * options.first, peak, step / top);
    }
    return half_cosine(peak, peak * options.last, end > top ? (step - top) / (end - top) : 0);
  };
}

}  // namespace xtape::nn
