#pragma once

#include <cstddef>
#include <vector>

#include "nn/data/batches.hpp"
#include "nn/sequential.hpp"
#include "nn/train/metrics.hpp"

namespace xtape::nn::report {

/// What a network says of every image of a dataset.
struct Predictions {
  xtape::Array<float> probabilities;     ///< (images, classes)
  xtape::nn::ConfusionMatrix confusion;  ///< Of labels and predicted classes.

  /// The class of the largest probability.
  std::size_t predicted(std::size_t image) const;
};

/// Runs `network` over all images of `data`.
Predictions predict(const xtape::nn::Sequential<float>& network, const xtape::nn::Dataset& data);

/// The images that were taken for something else, at most `count`, beginning with the least
/// probability for what they are.
std::vector<std::size_t> worst(const Predictions& predictions, const xtape::nn::Dataset& data,
                               std::size_t count);

}  // namespace xtape::nn::report
