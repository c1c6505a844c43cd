#pragma once

#include <string>
#include <xtape.hpp>

#include "examples/cli/options.hpp"

namespace cli {

/// The names of the metrics of an epoch.
///@{
inline constexpr const char* validation_accuracy = "validation accuracy";
inline constexpr const char* test_accuracy = "test accuracy";
///@}

/// What training prints on standard output: a table with a line for each epoch and one line about
/// the result, or JSON lines, by print_output().
class EpochLines {
 public:
  EpochLines(const OutputOptions& output, const TrainingOptions& training, bool deterministic)
      : output_(output), training_(training), times_(!deterministic) {}

  void heading() const;
  void epoch(const xtape::nn::EpochRecord& epoch) const;

  /// About the last or the best epoch, after so many seconds of training. `within_epoch` says that
  /// the run ended within the next epoch, whose weights are kept.
  void result(const xtape::nn::EpochRecord& kept, double seconds, bool within_epoch) const;

 private:
  OutputOptions output_;
  TrainingOptions training_;
  bool times_;  // whether times are printed, which no two runs have in common
};

/// An epoch as an object on one line: epoch, loss, validation_accuracy (null without), accuracy,
/// learning_rate, and with `times` seconds and samples_per_second. Accuracies are in [0, 1].
std::string to_json(const xtape::nn::EpochRecord& epoch, bool times);

}  // namespace cli
