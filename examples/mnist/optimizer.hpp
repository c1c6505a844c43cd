#pragma once

#include <memory>
#include <xtape.hpp>

#include "examples/mnist/recipes.hpp"

namespace mnist {

/// Returns the optimizer and the learning rates that a recipe names. Throws ValueError if the
/// warm-up takes longer than all `steps_per_epoch` * epochs steps.
std::unique_ptr<xtape::nn::Optimizer<float>> make_optimizer(const Recipe& recipe,
                                                            std::size_t steps_per_epoch);

}  // namespace mnist
