#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "autograd/tape.hpp"
#include "nn/data/dataset.hpp"
#include "nn/train/metrics.hpp"

namespace xtape::nn::report {

/// The predictions of a model for all samples of a dataset.
struct Predictions {
  Array<float> probabilities;  ///< (samples, classes)
  ConfusionMatrix confusion;   ///< The counts of the predicted classes.

  /// Returns the class of the largest probability.
  std::size_t predicted(std::size_t sample) const;
};

/// A function that maps a batch of inputs to logits, (batch, classes).
using Classifier = std::function<Variable<float>(Variable<float>)>;

/// Returns the predictions of a model for a dataset, computed under NoGrad.
///@{
Predictions classify_with(const Classifier& model, const Dataset& data);
template <class Model>
Predictions classify(const Model& model, const Dataset& data) {
  return classify_with([&](Variable<float> inputs) { return model(inputs); }, data);
}
///@}

/// Returns the samples with a wrong prediction, at most `count`. The first one has the least
/// probability of its true class.
std::vector<std::size_t> worst(const Predictions& predictions, const Dataset& data,
                               std::size_t count);

}  // namespace xtape::nn::report
