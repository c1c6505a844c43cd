#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <xtape.hpp>

#include "examples/cli/options.hpp"
#include "examples/mnist/recipes.hpp"

namespace mnist {

/// How training ended.
struct Outcome {
  xtape::nn::History history;                  ///< All epochs, those before a resume too.
  std::optional<xtape::nn::EpochRecord> kept;  ///< The epoch whose weights the network has now.
  double seconds = 0;                          ///< Of all epochs.
  int signal = 0;                              ///< The signal that ended it, or 0.
  std::exception_ptr failure;  ///< Why a checkpoint could not be written, which ended it, or null.
};

/// How to train.
struct Plan {
  const Recipe& recipe;
  std::size_t validation = 0;  ///< Training images that are kept out of training.
  xtape::nn::Run run;
};

/// Who hears of the training.
struct Listener {
  std::function<void()> begins;  ///< Nothing about folders or options can fail any more.
  std::function<void(const xtape::nn::EpochRecord&)> epoch_ended;
};

/// Trains `network` as the plan says, on `data.train` without the images for validation. These
/// decide which epoch is the best, the test images decide nothing. A run that was stopped at any
/// moment and resumed ends with the same bits as one that was not. If a checkpoint cannot be
/// written, the run ends, and the outcome has the exception.
///
/// Throws ValueError if the options do not fit the data, and as nn::Epochs and nn::Epoch do.
Outcome train(xtape::nn::Sequential<float>& network, const Plan& plan, const xtape::nn::Mnist& data,
              xtape::Rng& rng, const Listener& listener);

/// Returns what must be the same to resume a run: the recipe, the images that it trains on, the
/// seed.
xtape::nn::Identity identity_of(const Recipe& recipe, const cli::TrainingOptions& training,
                                std::uint64_t seed, const xtape::nn::Mnist& data);

}  // namespace mnist
