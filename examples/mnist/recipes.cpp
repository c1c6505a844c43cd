#include "examples/mnist/recipes.hpp"

#include <algorithm>

#include "examples/mnist/validators.hpp"
#include "tensor/error.hpp"

namespace mnist {
namespace {

/// The tutorial's own: small normal weights and plain gradient descent.
Recipe post() {
  Recipe recipe;
  recipe.name = "post";
  recipe.initial_deviation = 0.01;
  recipe.epochs = 10;
  recipe.learning_rate = 0.01;
  recipe.momentum = 0;
  recipe.decay = false;
  return recipe;
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const Recipe& recipe : recipes()) {
    all.push_back(recipe.name);
  }
  return all;
}

}  // namespace

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

void add_flags(CLI::App& app, Recipe& recipe) {
  app.add_option("--recipe", recipe.name,
                 "What the other flags start from: default, or post (the tutorial's own)")
      ->type_name("NAME")
      ->check(one_of(names()));
  app.add_option("--epochs", recipe.epochs, "Passes over the training images")
      ->type_name("NUMBER")
      ->transform(whole(1, 1000000));
  app.add_option("--batch-size", recipe.batch_size, "Images per step")
      ->type_name("NUMBER")
      ->transform(whole(1, 1000000));
  app.add_option("--hidden", recipe.hidden, "Sizes of the hidden layers, as in 512,256")
      ->type_name("NUMBERS")
      ->delimiter(',')
      ->transform(whole(1, 100000, "whole numbers from 1 to 100000 such as 512,256"));
  app.add_option("--activation", recipe.activation,
                 "What follows each hidden layer: sigmoid, tanh, relu, leaky_relu or gelu")
      ->type_name("NAME")
      ->check(one_of({"sigmoid", "tanh", "relu", "leaky_relu", "gelu"}));
  app.add_option("--learning-rate", recipe.learning_rate, "Step size of gradient descent")
      ->type_name("NUMBER")
      ->check(finite());
  app.add_option("--momentum", recipe.momentum, "Part of the last step that is kept, in [0, 1)")
      ->type_name("NUMBER")
      ->check(real_below(1, "a number in [0, 1)"));
}

}  // namespace mnist
