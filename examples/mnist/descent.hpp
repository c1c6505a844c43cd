#pragma once

#include <variant>
#include <xtape.hpp>

#include "examples/mnist/recipes.hpp"

namespace mnist {

/// The optimizer and the learning rates that a recipe names.
class Descent {
 public:
  /// Throws ValueError when the warm-up takes longer than all `steps_per_epoch` * epochs steps.
  Descent(const Recipe& recipe, std::size_t steps_per_epoch);

  /// Makes step number `step`, counted from 0.
  void step(xtape::nn::Sequential<float>& network, const xtape::Tape<float>& tape,
            std::size_t step);

  xtape::nn::Optimizer<float>& optimizer();

  double learning_rate(std::size_t step) const { return schedule_(step); }

 private:
  std::variant<xtape::nn::SGD<float>, xtape::nn::Adam<float>, xtape::nn::AdamW<float>> optimizer_;
  xtape::nn::Schedule schedule_;
};

}  // namespace mnist
