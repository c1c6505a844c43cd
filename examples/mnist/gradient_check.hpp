#pragma once

#include <xtape.hpp>

#include "examples/mnist/recipes.hpp"

namespace mnist {

/// Proves the tape's gradients on the first images of `data`, a batch but at most 64, in double
/// precision: beside the formulas derived by hand (where the network has one hidden layer of
/// sigmoids, for which they were derived), and beside central differences of a random sample of
/// elements. Prints the greatest difference of each parameter, relative to its largest gradient,
/// and returns whether all agree: by hand to 1e-12 of the largest gradient, by differences to 1e-6
/// of it and the 1e-9 that rounding leaves of a difference. Says so on standard error when not.
/// Dropout is left out.
bool check_gradients(const Recipe& recipe, std::uint64_t seed, const xtape::nn::Dataset& data,
                     bool verbose = true);

}  // namespace mnist
