#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "nn/data/samples.hpp"
#include "tensor/indices.hpp"
#include "tensor/rng.hpp"

namespace xtape::nn {

/// Samples and a target for each, such as images and their labels. Copies and slices share the
/// elements.
///
///     nn::Dataset flowers{nn::Samples(measurements, {4}), nn::Samples(species)};
struct Dataset {
  /// Creates an empty dataset.
  Dataset() = default;

  /// Joins features and targets. Throws ShapeError unless both have the same number of samples.
  Dataset(const Samples& all_features, const Samples& all_targets);

  Samples features;  ///< The input of a model.
  Samples targets;   ///< The values to predict.

  /// Returns the number of samples.
  std::size_t size() const { return features.size(); }

  /// Returns `count` samples, beginning with sample `first`. Throws ValueError if there are fewer.
  Dataset slice(std::size_t first, std::size_t count) const;
};

/// Splits off the last `count` samples, for validation or a test: `const auto [train, validation] =
/// nn::split(data, 5000);`. Both parts share the elements of `data`. Throws ValueError if there are
/// fewer samples.
std::pair<Dataset, Dataset> split(const Dataset& data, std::size_t count);

/// Returns a copy in random order. If a file is sorted by class, shuffle it before split().
Dataset shuffled(const Dataset& data, Rng& rng);

/// Returns the weight of the class of each label, for BatchOptions::weights. Throws ValueError if a
/// label is not a class.
std::vector<double> class_weights(Indices labels, std::span<const double> weights);

/// Returns 1 / (the number of labels of the class) for each label. With these weights, each class
/// is drawn equally often. Throws ValueError if a label is negative or 2^24 and above.
std::vector<double> balanced_weights(Indices labels);

}  // namespace xtape::nn
