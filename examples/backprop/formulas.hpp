#pragma once

#include <memory>
#include <string>
#include <vector>

#include "examples/backprop/layers.hpp"
#include "nn/sequential.hpp"

namespace by_hand {

/// The formulas of a network of xtape::nn, with its numbers.
struct Formulas {
  std::size_t prepare = 0;           ///< The first layers, which have no parameters.
  std::unique_ptr<Chain> images;     ///< The layers up to the first Linear layer.
  Network<double> dense;             ///< The rest.
  std::vector<std::string> names{};  ///< The gradients in order: "dW1", "db1", "dgamma1", ...
};

/// Returns the formulas of a classifier. It has layers of images such as Conv2d, BatchNorm and
/// MaxPool2d, also in a Sequential or a Residual. Then it has Linear layers with one activation
/// between them. The first layers without parameters prepare the images and have no formulas.
/// Throws ValueError, naming the layer, if there is no formula for it.
Formulas formulas_of(const xtape::nn::Sequential<double>& network);

/// Returns the gradients of the loss: one for each parameter, in the order of `names`. x is the
/// output of the first layers for the images. y (batch, classes) is 1 at the class of each image
/// and 0 elsewhere.
std::vector<Values> backprop(const Formulas& formulas, const Values& x, const Values& y);

}  // namespace by_hand
