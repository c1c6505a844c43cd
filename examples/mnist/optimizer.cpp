#include "examples/mnist/optimizer.hpp"

#include <algorithm>
#include <cmath>

namespace mnist {
namespace {

namespace nn = xtape::nn;

nn::Schedule schedule_after_warm_up(const Recipe& recipe, std::size_t steps) {
  const double rate = recipe.learning_rate;
  if (recipe.schedule == "constant") return nn::constant(rate);
  if (recipe.schedule == "linear") return nn::linear_decay(rate, steps);
  if (recipe.schedule == "cosine") return nn::cosine_decay(rate, steps);
  if (recipe.schedule == "step") {
    return nn::step_decay(rate, std::max<std::size_t>(1, (steps + 2) / 3), 0.1);
  }
  throw xtape::ValueError("unknown schedule '" + recipe.schedule + "'");
}

nn::Schedule make_schedule(const Recipe& recipe, std::size_t steps_per_epoch) {
  xtape::require<xtape::ValueError>(
      recipe.warm_up < static_cast<double>(recipe.epochs),
      "a warm-up of {} epochs leaves nothing of {}: try a smaller --warm-up", recipe.warm_up,
      recipe.epochs);
  const auto warm_up =
      static_cast<std::size_t>(std::lround(recipe.warm_up * static_cast<double>(steps_per_epoch)));
  const std::size_t steps = std::max<std::size_t>(1, recipe.epochs * steps_per_epoch - warm_up);
  const nn::Schedule then = schedule_after_warm_up(recipe, steps);
  return warm_up > 0 ? nn::warm_up(warm_up, then) : then;
}

}  // namespace

std::unique_ptr<nn::Optimizer<float>> make_optimizer(const Recipe& recipe,
                                                     std::size_t steps_per_epoch) {
  const nn::LearningRate rate = make_schedule(recipe, steps_per_epoch);
  const double decay = recipe.weight_decay;
  if (recipe.optimizer == "sgd" || recipe.optimizer == "nesterov") {
    return std::make_unique<nn::SGD<float>>(
        nn::SGDOptions{.learning_rate = rate,
                       .momentum = recipe.momentum,
                       .nesterov = recipe.optimizer == "nesterov",
                       .weight_decay = decay});
  }
  const nn::AdamOptions options{.learning_rate = rate, .weight_decay = decay};
  if (recipe.optimizer == "adam") return std::make_unique<nn::Adam<float>>(options);
  if (recipe.optimizer == "adamw") return std::make_unique<nn::AdamW<float>>(options);
  throw xtape::ValueError("unknown optimizer '" + recipe.optimizer + "'");
}

}  // namespace mnist
