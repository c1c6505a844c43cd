#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <xtape.hpp>

#include "examples/cli/options.hpp"
#include "examples/mnist/recipes.hpp"

namespace mnist {

/// The outcome of a training run.
struct Outcome {
  xtape::nn::History history;                  ///< All epochs, including those before a resume.
  std::optional<xtape::nn::EpochRecord> kept;  ///< The epoch whose weights the network has now.
  double seconds = 0;                          ///< The time of all epochs.
  int signal = 0;                              ///< The signal that ended the run, or 0.
  std::exception_ptr failure;  ///< The error of a checkpoint that ended the run, or null.
};

/// The options of a training run.
struct Plan {
  const Recipe& recipe;
  std::size_t validation = 0;  ///< The training images for validation.
  xtape::nn::Run run;
};

/// The callbacks of a training run.
struct Listener {
  std::function<void()> begins;  ///< Called after the folders and options are checked.
  std::function<void(const xtape::nn::EpochRecord&)> epoch_ended;
};

/// Trains `network` as the plan says, on `data.train` without the images for validation. These
/// decide which epoch is the best. A run that was stopped and resumed is bit-identical to one that
/// was not. If a checkpoint cannot be written, the run ends, and the outcome has the exception.
///
/// Throws ValueError if the options do not fit the data, and as nn::Epochs and nn::Epoch do.
Outcome train(xtape::nn::Sequential<float>& network, const Plan& plan, const xtape::nn::Mnist& data,
              xtape::Rng& rng, const Listener& listener);

/// Returns the identity of a run: the recipe, the training images and the seed.
xtape::nn::Identity identity_of(const Recipe& recipe, const cli::TrainingOptions& training,
                                std::uint64_t seed, const xtape::nn::Mnist& data);

}  // namespace mnist
