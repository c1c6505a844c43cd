#pragma once

#include <cstdint>
#include <xtape.hpp>

#include "examples/backprop/gradient_comparison.hpp"
#include "examples/mnist/recipes.hpp"

namespace mnist {

/// Checks the recipe's network on a batch of `data`, at most 64 images, or 16 with
/// convolutions, without dropout. Prints the greatest differences of each parameter. Reports
/// disagreement on standard error.
by_hand::GradientCheck check_gradients(const Recipe& recipe, std::uint64_t seed,
                                       const xtape::nn::Dataset& data, bool verbose = true);

}  // namespace mnist
