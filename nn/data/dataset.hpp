#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "nn/data/samples.hpp"
#include "tensor/indices.hpp"
#include "tensor/rng.hpp"

namespace xtape::nn {

/// Samples with a target each: images and their labels, rows of a table and what they predict.
/// Copies and slices share the elements.
///
///     nn::Dataset flowers{nn::Samples(measurements, {4}), nn::Samples(species)};
struct Dataset {
  /// No samples.
  Dataset() = default;

  /// Joins both sides. Throws ShapeError unless they have equally many samples.
  Dataset(const Samples& all_features, const Samples& all_targets);

  Samples features;  ///< What a model is given.
  Samples targets;   ///< What it is to say.

  /// The number of samples.
  std::size_t size() const { return features.size(); }

  /// The samples from `first` on, `count` of them. Throws ValueError if there are fewer.
  Dataset slice(std::size_t first, std::size_t count) const;
};

/// Splits off the last `count` samples, for validation or a test:
/// `const auto [train, validation] = nn::split(data, 5000);`. Both parts are views. Throws
/// ValueError if there are fewer samples.
std::pair<Dataset, Dataset> split(const Dataset& data, std::size_t count);

/// Returns a copy in random order. A file that is sorted by class needs it before split().
Dataset shuffled(const Dataset& data, Rng& rng);

/// Returns for each label the weight of its class, for BatchOptions::weights. Throws ValueError if
/// a label is no class.
std::vector<double> class_weights(Indices labels, std::span<const double> weights);

/// Returns for each label 1 / the number of labels of its class: with these weights each class is
/// drawn equally often. Throws ValueError if a label is negative or 2^24 and above.
std::vector<double> balanced_weights(Indices labels);

}  // namespace xtape::nn
