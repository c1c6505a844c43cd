#pragma once

#include <xtape.hpp>

#include "examples/mnist/recipes.hpp"

namespace mnist {

/// Trains `network` as the recipe says, and prints a line for each epoch: the mean loss over it,
/// the accuracy on the test images after it, the seconds that training took and the samples per
/// second. Throws Error when the loss is not finite or a line cannot be printed.
void train(xtape::nn::Sequential<float>& network, const Recipe& recipe,
           const xtape::nn::Mnist& mnist, xtape::Rng& rng);

}  // namespace mnist
