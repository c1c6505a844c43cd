#pragma once

#include <string>
#include <xtape.hpp>

#include "examples/mnist/recipes.hpp"

namespace mnist {

/// The number of classes: the digits.
inline constexpr std::size_t classes = 10;

/// Returns the activation layer of this name. Throws ValueError if there is none.
template <class T>
xtape::nn::Layer<T> make_activation(const std::string& name);

/// Returns the number of features that the recipe's convolutions make of an image (rows, columns):
/// its pixels without convolutions. Throws ValueError if the filters do not fit into the image.
std::size_t feature_count(const Recipe& recipe, const xtape::Shape& image);

/// Returns the recipe's network for images (rows, columns): Standardize if the recipe has it. Then,
/// if it has filters, a convolution, BatchNorm, activation and a pool that halves the image, for
/// each number of filters. Then Linear, activation and Dropout (unless its rate is 0) for each
/// hidden layer. Then Linear to ten logits. Throws ValueError if the filters do not fit into the
/// image.
template <class T>
xtape::nn::Sequential<T> make_network(const Recipe& recipe, const xtape::Shape& image,
                                      xtape::Rng& rng);

}  // namespace mnist
