#include "examples/mnist/recipes.hpp"

#include <algorithm>

#include "tensor/error.hpp"

namespace mnist {
namespace {

/// The tutorial's own: small normal weights and plain gradient descent.
Recipe post() {
  Recipe recipe;
  recipe.name = "post";
  recipe.about = "the tutorial's own, 87.5 %";
  recipe.initial_deviation = 0.01;
  recipe.epochs = 10;
  recipe.learning_rate = 0.01;
  recipe.momentum = 0;
  recipe.schedule = "constant";
  return recipe;
}

}  // namespace

xtape::nn::PixelScale Recipe::pixels() const {
  return standardize ? xtape::nn::PixelScale{.mean = 0.1307, .deviation = 0.3081}
                     : xtape::nn::PixelScale{};
}

const std::vector<Recipe>& recipes() {
  static const std::vector<Recipe> all{Recipe{}, post()};
  return all;
}

const Recipe& find_recipe(const std::string& name) {
  const auto found = std::find_if(recipes().begin(), recipes().end(),
                                  [&](const Recipe& recipe) { return recipe.name == name; });
  xtape::require<xtape::ValueError>(found != recipes().end(), "there is no recipe '{}'", name);
  return *found;
}

}  // namespace mnist
