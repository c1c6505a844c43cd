#pragma once

#include <string>

#include "examples/cli/options.hpp"
#include "examples/mnist/training.hpp"

namespace mnist {

/// What training prints on standard output: a table with a line for each epoch and one line about
/// the result, or JSON lines, by print_output().
class Printer {
 public:
  Printer(const cli::OutputOptions& output, const cli::TrainingOptions& training,
          bool deterministic)
      : output_(output), training_(training), times_(!deterministic) {}

  void heading() const;
  void epoch(const xtape::nn::EpochRecord& epoch) const;
  void result(const Outcome& outcome) const;

 private:
  cli::OutputOptions output_;
  cli::TrainingOptions training_;
  bool times_;  // whether times are printed, which no two runs have in common
};

/// An epoch as an object on one line: epoch, loss, validation_accuracy (null without), accuracy,
/// learning_rate, and with `times` seconds and samples_per_second. Accuracies are in [0, 1].
std::string to_json(const xtape::nn::EpochRecord& epoch, bool times);

}  // namespace mnist
