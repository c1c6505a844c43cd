#include "nn/data/dataset.hpp"

#include <cstdint>
#include <numeric>

#include "tensor/error.hpp"

namespace xtape::nn {
namespace {

constexpr std::size_t most_classes = std::size_t{1} << 24;

/// Label `i` as the number of a class. A negative label is a huge number.
std::size_t require_class(const char* user, Indices labels, std::size_t i, std::size_t classes) {
  const auto label = static_cast<std::uint64_t>(labels[i]);
  require<ValueError>(label < classes, "{}: label {} of sample {} is not one of the {} classes",
                      user, labels.text(i), i, classes);
  return static_cast<std::size_t>(label);
}

}  // namespace

Dataset::Dataset(const Samples& all_features, const Samples& all_targets)
    : features(all_features), targets(all_targets) {
  require<ShapeError>(features.size() == targets.size(), "Dataset: got {} features and {} targets",
                      features.size(), targets.size());
}

Dataset Dataset::slice(std::size_t first, std::size_t count) const {
  return {features.slice(first, count), targets.slice(first, count)};
}

std::pair<Dataset, Dataset> split(const Dataset& data, std::size_t count) {
  require<ValueError>(count <= data.size(), "split: cannot take {} of {} samples", count,
                      data.size());
  const std::size_t rest = data.size() - count;
  return {data.slice(0, rest), data.slice(rest, count)};
}

Dataset shuffled(const Dataset& data, Rng& rng) {
  std::vector<std::size_t> order(data.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  rng.shuffle(std::span(order));
  return {data.features.gather(order), data.targets.gather(order)};
}

std::vector<double> class_weights(Indices labels, std::span<const double> weights) {
  std::vector<double> result(labels.size());
  for (std::size_t i = 0; i < result.size(); ++i) {
    result[i] = weights[require_class("class_weights", labels, i, weights.size())];
  }
  return result;
}

std::vector<double> balanced_weights(Indices labels) {
  std::vector<double> counts;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::size_t label = require_class("balanced_weights", labels, i, most_classes);
    counts.resize(std::max(counts.size(), label + 1));
    ++counts[label];
  }
  for (double& count : counts) {
    count = count > 0 ? 1 / count : 0;
  }
  return class_weights(labels, counts);
}

}  // namespace xtape::nn
