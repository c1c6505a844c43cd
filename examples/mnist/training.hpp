#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <xtape.hpp>

#include "examples/cli/options.hpp"
#include "examples/mnist/checkpoints.hpp"
#include "examples/mnist/progress.hpp"
#include "examples/mnist/recipes.hpp"
#include "nn/train/history.hpp"

namespace mnist {

/// What an epoch came to.
struct Epoch {
  std::size_t number = 0;            ///< Counted from 1.
  double loss_sum = 0;               ///< Over its training images as they were met.
  std::optional<double> validation;  ///< Accuracy on the images kept out of training, in [0, 1].
  double test = 0;                   ///< Accuracy on the test images, in [0, 1].
  double learning_rate = 0;          ///< Of its last step.
  double seconds = 0;                ///< Spent on training, not on measuring.
  std::size_t samples = 0;           ///< Training images.

  double loss() const { return loss_sum / static_cast<double>(samples); }
  double samples_per_second() const { return static_cast<double>(samples) / seconds; }
};

/// How training ended.
struct Outcome {
  std::size_t epochs = 0;      ///< Completed.
  Epoch last;                  ///< The epoch whose weights the network has now.
  double seconds = 0;          ///< Of all epochs.
  int signal = 0;              ///< The signal that ended it, or 0.
  std::exception_ptr failure;  ///< Why a checkpoint could not be written, which ended it, or null.
};

/// How to train.
struct Plan {
  const Recipe& recipe;
  const cli::TrainingOptions& options;
  const Checkpoints& checkpoints;
  xtape::nn::History* history =
      nullptr;  ///< Learns of each epoch, with the gradients of a few of its steps.
};

/// Trains `network` as the plan's recipe says, on `data.train` without the validation images that
/// `options` keeps out of it, and calls `on_epoch` after each epoch. With early stopping the
/// network has the weights of the epoch with the best validation accuracy at the end. The test
/// images decide nothing. After a signal (see signals.hpp) it ends with the step that is under way.
/// Where checkpoints are wanted, a run that was stopped at any moment and goes on ends with the
/// same bits as one that was not. A checkpoint that cannot be written ends it, too: the network
/// keeps its weights, and the outcome has the exception.
///
/// Throws ValueError when the options do not fit the data, Error when the loss is not finite, and
/// as Checkpoints does.
Outcome train(xtape::nn::Sequential<float>& network, const Plan& plan, const xtape::nn::Mnist& data,
              xtape::Rng& rng, Progress& progress,
              const std::function<void(const Epoch&)>& on_epoch);

}  // namespace mnist
