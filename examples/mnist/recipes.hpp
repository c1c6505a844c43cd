#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "examples/mnist/options.hpp"

namespace mnist {

/// How a network is built and trained.
struct Recipe {
  std::string name = "default";
  std::vector<std::size_t> hidden{128};
  std::string activation = "sigmoid";
  std::optional<double> initial_deviation;  ///< Of normal first weights; Glorot's when absent.
  std::size_t epochs = 15;
  std::size_t batch_size = 64;
  double learning_rate = 0.3;
  double momentum = 0.9;
  bool decay = true;  ///< Whether the learning rate falls to 0 on a straight line.
};

/// All recipes that `--recipe` knows.
const std::vector<Recipe>& recipes();

/// Throws ValueError when there is none of that name.
const Recipe& find_recipe(const std::string& name);

/// `--recipe`, and the flags that change one ingredient of it.
void add_flags(CLI::App& app, Recipe& recipe);

}  // namespace mnist
