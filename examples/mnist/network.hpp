#pragma once

#include <string>
#include <xtape.hpp>

#include "examples/mnist/recipes.hpp"

namespace mnist {

/// The number of digits to tell apart.
inline constexpr std::size_t classes = 10;

/// The layer that recipes call `name`. Throws ValueError when there is none.
template <class T>
xtape::nn::Layer<T> make_activation(const std::string& name);

/// The recipe's network for images of `features` pixels: Standardize where the recipe says so,
/// Linear, activation and (where its rate is not 0) Dropout for each hidden layer, then Linear to
/// the ten logits.
template <class T>
xtape::nn::Sequential<T> make_network(const Recipe& recipe, std::size_t features, xtape::Rng& rng);

}  // namespace mnist
