#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nn/data/augment.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming)
class App;
}

namespace mnist {

/// How a network is built and trained.
struct Recipe {
  std::string name = "default";
  std::string about = "a small network as in the tutorial, with momentum";
  double expected = 97.9;  ///< Percent of the test images that the median of five seeds gets right.

  std::vector<std::size_t> hidden{128};
  std::string activation = "sigmoid";
  std::optional<double> initial_deviation;  ///< Of normal first weights; Glorot's when absent.
  double dropout = 0;                       ///< Rate after each hidden layer.

  bool standardize = false;  ///< Whether pixels have mean 0 and deviation 1, or lie in [0, 1].
  xtape::nn::AugmentOptions augment;

  std::size_t epochs = 15;
  std::size_t batch_size = 64;
  std::string optimizer = "sgd";
  double learning_rate = 0.3;
  double momentum = 0.9;  ///< Of sgd.
  double weight_decay = 0;
  std::string schedule = "linear";
  double warm_up = 0;          ///< Epochs.
  double label_smoothing = 0;  ///< The share of the target that all classes have in common.
};

/// All recipes that `--recipe` knows.
const std::vector<Recipe>& recipes();

/// Throws ValueError when there is none of that name.
const Recipe& find_recipe(std::string_view name);

/// The recipe that `changed` was before its ingredients changed.
inline const Recipe& find_recipe(const Recipe& changed) { return find_recipe(changed.name); }

/// `--recipe`, and the flags that change one ingredient of it.
void add_flags(CLI::App& app, Recipe& recipe);

/// Each ingredient of a recipe as text, by its name: "batch_size" and "64".
std::vector<std::pair<std::string, std::string>> ingredients(const Recipe& recipe);

}  // namespace mnist
