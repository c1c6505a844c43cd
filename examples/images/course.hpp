#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>
#include <xtape.hpp>

#include "examples/backprop/gradient_comparison.hpp"

namespace images {

/// The settings of a training run. A program makes them from its recipe.
struct Course {
  std::string recipe;  ///< The name of the recipe.

  /// The names and values of the recipe, as text.
  std::vector<std::pair<std::string, std::string>> ingredients;

  std::size_t epochs = 1;
  std::size_t batch_size = 1;
  xtape::nn::BatchOptions batches;
  double label_smoothing = 0;        ///< The share of the target that all classes have in common.
  double statistics_momentum = 0.1;  ///< See nn::Run.
  double average = 0;                ///< The decay of nn::AverageWeights. 0: no average.
  std::map<std::string, std::string> facts{};  ///< Facts that load_model() needs. See Model.

  /// Makes the network for these training images.
  std::function<xtape::nn::Sequential<float>(const xtape::nn::Dataset&, xtape::Rng&)> make_network;

  /// Makes the optimizer for so many steps in an epoch.
  std::function<std::unique_ptr<xtape::nn::Optimizer<float>>(std::size_t)> make_optimizer;

  /// Checks the gradients on some of these images, with a seed. Prints a table if `verbose`.
  std::function<by_hand::GradientCheck(const xtape::nn::Dataset&, std::uint64_t seed, bool verbose)>
      check_gradients;
};

}  // namespace images
