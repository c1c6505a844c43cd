#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "autograd/tape.hpp"
#include "nn/data/dataset.hpp"
#include "nn/train/metrics.hpp"

namespace xtape::nn::report {

/// What a model says of every sample of a dataset.
struct Predictions {
  Array<float> probabilities;  ///< (samples, classes)
  ConfusionMatrix confusion;

  /// Returns the class of the largest probability.
  std::size_t predicted(std::size_t sample) const;
};

/// What maps a batch of inputs to logits, (batch, classes).
using Classifier = std::function<Variable<float>(Variable<float>)>;

/// Calls the model for all samples under NoGrad.
///@{
Predictions classify_with(const Classifier& model, const Dataset& data);
template <class Model>
Predictions classify(const Model& model, const Dataset& data) {
  return classify_with([&](Variable<float> inputs) { return model(inputs); }, data);
}
///@}

/// The samples that were taken for something else, at most `count`, beginning with the least
/// probability for what they are.
std::vector<std::size_t> worst(const Predictions& predictions, const Dataset& data,
                               std::size_t count);

}  // namespace xtape::nn::report
