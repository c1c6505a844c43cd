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

/// The options of a network and its training.
struct Recipe {
  std::string name = "default";
  std::string about = "a small network as in the tutorial, with momentum";
  double expected = 97.9;  ///< The least median test accuracy, in percent.

  std::vector<std::size_t> filters;  ///< Of the convolutions. Empty: a network without them.
  std::size_t kernel = 5;            ///< The rows and columns of a filter.
  std::vector<std::size_t> hidden{128};
  std::string activation = "sigmoid";
  std::optional<double> initial_deviation;  ///< Of normal first weights. Absent: Glorot's.
  double dropout = 0;                       ///< The rate after each hidden layer.

  bool standardize = false;  ///< By MNIST's mean and deviation. Otherwise, to [0, 1].
  xtape::nn::AugmentOptions augment;

  std::size_t epochs = 15;
  std::size_t batch_size = 64;
  std::string optimizer = "sgd";
  double learning_rate = 0.3;
  double momentum = 0.9;  ///< Of sgd and nesterov.
  double weight_decay = 0;
  std::string schedule = "linear";
  double warm_up = 0;          ///< In epochs.
  double label_smoothing = 0;  ///< The share of the target that all classes have in common.

  /// Names the ingredients, for their flags.
  static void visit(auto& self, auto&& f);
};

/// Returns all recipes of `--recipe`.
const std::vector<Recipe>& recipes();

/// Returns the recipe of this name. Throws ValueError if there is none.
const Recipe& find_recipe(std::string_view name);

/// Returns the original of a changed recipe.
inline const Recipe& find_recipe(const Recipe& changed) { return find_recipe(changed.name); }

/// Adds the flag `--recipe`, and a flag for each ingredient.
void add_flags(CLI::App& app, Recipe& recipe);

/// Returns the name and the value of each ingredient, as text: "batch_size" and "64".
std::vector<std::pair<std::string, std::string>> ingredients(const Recipe& recipe);

}  // namespace mnist
