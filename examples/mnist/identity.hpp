#pragma once

#include <cstdint>
#include <xtape.hpp>

#include "examples/cli/options.hpp"
#include "examples/mnist/recipes.hpp"

namespace mnist {

/// Returns what must be the same to resume a run: the recipe, the images that it trains on, the
/// seed.
xtape::nn::Identity identity_of(const Recipe& recipe, const cli::TrainingOptions& training,
                                std::uint64_t seed, const xtape::nn::Mnist& data);

}  // namespace mnist
