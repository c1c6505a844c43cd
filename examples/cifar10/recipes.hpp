#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming)
class App;
}

namespace cifar10 {

/// The options of a network and its training, as of airbench (Jordan, arXiv:2404.00498).
struct Recipe {
  std::string name = "default";
  std::string about = "in ten minutes on two cores; measured on lossy copies of the images";
  double expected = 88.0;  ///< The least test accuracy in percent, on a lossy copy.

  std::vector<std::size_t> widths{64, 128, 128};  ///< The channels of each group of layers.
  bool whitening = true;  ///< Whether the filters of the stem make patches of pixels uncorrelated.

  std::size_t epochs = 10;
  std::size_t batch_size = 512;
  double learning_rate = 11.5;   ///< The greatest, for a sum of 1024 losses. See make_optimizer.
  double momentum = 0.85;        ///< Of Nesterov.
  double weight_decay = 0.0153;  ///< Of 1024 images.
  double bias_rate = 64;         ///< The factor of the learning rate of batch norm's biases.
  double warm_up = 0.23;         ///< The share of all steps in which the learning rate rises.
  double label_smoothing = 0.2;  ///< The share of the target that all classes have in common.
  double statistics_momentum = 0.4;  ///< What batch norm's averages take of each batch.

  double average = 0;  ///< The share that the average of the weights keeps in a step. 0: none.

  std::size_t crop = 2;    ///< The greatest move of a training image, in pixels.
  bool flip = true;        ///< Whether they are mirrored.
  std::size_t cutout = 0;  ///< The side of the square that is covered, in pixels.

  /// Names the ingredients, for their flags.
  static void visit(auto& self, auto&& f);
};

/// Returns all recipes of `--recipe`.
const std::vector<Recipe>& recipes();

/// Returns the original of a changed recipe. Throws ValueError if there is none.
const Recipe& find_recipe(const Recipe& changed);

/// Adds the flag `--recipe`, and a flag for each ingredient.
void add_flags(CLI::App& app, Recipe& recipe);

/// Returns the name and the value of each ingredient, as text: "batch_size" and "512".
std::vector<std::pair<std::string, std::string>> ingredients(const Recipe& recipe);

}  // namespace cifar10
