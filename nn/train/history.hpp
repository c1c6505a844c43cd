#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "autograd/tape.hpp"
#include "nn/sequential.hpp"

namespace xtape::nn {

/// How often numbers fall into each of the equal bins between `low` and `high`.
struct Histogram {
  double low = 0;                     ///< The lower end of the first bin.
  double high = 0;                    ///< The upper end of the last bin.
  std::vector<std::uint64_t> counts;  ///< One for each bin.
};

/// What became of one parameter in one epoch.
struct ParameterRecord {
  std::string name;           ///< As in "0.weight".
  double weight_rms = 0;      ///< The root of the mean square of its numbers, after the epoch.
  double gradient_rms = 0;    ///< The same of its gradients, over the steps that were observed.
  Histogram weights;          ///< Of its numbers, after the epoch.
  Histogram gradients;        ///< Of log2 |g| for the gradients g that are not zero.
  double zero_gradients = 0;  ///< The share of gradients that are exactly zero.
};

/// A line of the training's history.
struct EpochRecord {
  std::size_t epoch = 0;                           ///< Counted from 1.
  double loss = 0;                                 ///< Mean over the training images, in nats.
  double accuracy = 0;                             ///< On the test images, in [0, 1].
  std::optional<double> validation_accuracy = {};  ///< On images held back, where some are.
  double seconds = 0;                              ///< Spent on training.
  double learning_rate = 0;                        ///< Of the last step.
  std::vector<ParameterRecord> parameters = {};    ///< In the order of the network.
};

/// What the report draws its curves and histograms from.
class History {
 public:
  /// Counts the gradients of one step, after backward(): a few steps of each epoch are enough.
  void observe(const Sequential<float>& network, const Tape<float>& tape);

  /// Adds a line, with the weights as they are and the gradients observed since the last line.
  void end_epoch(EpochRecord record, const Sequential<float>& network);

  /// Returns the lines, the first epoch first.
  const std::vector<EpochRecord>& epochs() const { return epochs_; }

 private:
  struct Gradients {
    Histogram sizes;
    std::uint64_t zeros = 0;
    std::uint64_t count = 0;
    double squares = 0;
  };

  std::vector<Gradients> gradients_;
  std::vector<EpochRecord> epochs_;
};

}  // namespace xtape::nn
