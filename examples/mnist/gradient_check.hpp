#pragma once

#include <xtape.hpp>

#include "examples/mnist/options.hpp"

namespace mnist {

/// Proves the tape's gradients on the first batch of `data`, in double precision: beside the
/// formulas derived by hand (where the network has one hidden layer of sigmoids, for which they
/// were derived), and beside central differences of a random sample of elements. Prints the
/// greatest difference of each parameter, relative to its largest gradient, and returns whether all
/// agree: to 1e-12 by hand, to 1e-6 by differences.
bool check_gradients(const Options& options, const xtape::nn::Dataset& data);

}  // namespace mnist
