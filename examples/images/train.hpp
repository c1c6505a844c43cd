#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <xtape.hpp>

#include "examples/cli/command_line.hpp"
#include "examples/cli/options.hpp"
#include "examples/images/course.hpp"
#include "examples/images/data.hpp"

namespace images {

/// The outcome of a training run.
struct Outcome {
  xtape::nn::History history;                  ///< All epochs, including those before a resume.
  std::optional<xtape::nn::EpochRecord> kept;  ///< The last epoch, or the best one.
  double seconds = 0;                          ///< The time of all epochs.
  int signal = 0;                              ///< The signal that ended the run, or 0.
  std::exception_ptr failure;                  ///< The error that ended the run, or null.
  /// True if the network has weights from within the epoch after `kept`, where the run ended.
  bool within_epoch = false;
};

/// The options of a training run.
struct Plan {
  const Subject& subject;
  const Course& course;
  std::size_t validation = 0;  ///< The training images for validation.
  xtape::nn::Run run;
};

/// The callbacks of a training run.
struct Listener {
  std::function<void()> begins;  ///< Called after the folders and options are checked.
  std::function<void(const xtape::nn::EpochRecord&)> epoch_ended;
};

/// Trains `network` as the plan says, on `data.train` without the images for validation. The images
/// for validation decide which epoch is the best. A resumed run is bit-identical to a run that
/// never stopped. If a checkpoint cannot be written, the run ends, and the outcome has the
/// exception.
///
/// Throws ValueError if the options do not fit the data, and as nn::Epochs and nn::Epoch do.
Outcome train(xtape::nn::Sequential<float>& network, const Plan& plan, const Data& data,
              xtape::Rng& rng, const Listener& listener);

/// Returns the identity of a run: the recipe, the training images and the seed.
xtape::nn::Identity identity_of(const Course& course, const cli::TrainingOptions& training,
                                std::uint64_t seed, const Data& data);

/// The flags of the command `train`, except the recipe.
struct TrainOptions {
  DataOptions data;
  cli::RunOptions run = {};
  cli::TrainingOptions training = {};
  cli::CheckpointOptions checkpoints = {};
  cli::OutputOptions output = {};
  cli::ResultOptions results = {};
};

/// The flags of the command `train`, with the recipe of a program.
template <class Recipe>
struct RecipeOptions : TrainOptions {
  explicit RecipeOptions(const Subject& subject) : TrainOptions{DataOptions(subject)} {}

  Recipe recipe = {};
};

template <class Recipe>
void add_flags(CLI::App& app, RecipeOptions<Recipe>& options) {
  add_flags(app, options.data);
  add_flags(app, options.recipe);
  add_flags(app, options.training);
  add_flags(app, options.checkpoints);
  add_flags(app, options.run);
  add_flags(app, options.output);
  add_flags(app, options.results);
}

/// The flags of the command `check-gradients`.
template <class Recipe>
struct CheckOptions {
  DataOptions data;
  Recipe recipe = {};
  cli::RunOptions run = {};
};

template <class Recipe>
void add_flags(CLI::App& app, CheckOptions<Recipe>& options) {
  add_flags(app, options.data);
  add_flags(app, options.recipe);
  add_flags(app, options.run);
}

/// Checks the gradients alone. Returns the exit status: 1 if they disagree.
int check(const DataOptions& data, const cli::RunOptions& run, const Course& course);

/// Checks the gradients, trains, and writes the files that the options name. Returns the exit
/// status.
int check_and_train(const TrainOptions& options, const Course& course);

/// Runs the command `train` of a program whose recipes have these courses.
template <class Recipe>
int run_train(const Subject& subject, Course (*course_of)(const Recipe&),
              const cli::Command& command, const cli::Arguments& arguments) {
  const auto options = cli::parse_options(command, arguments, RecipeOptions<Recipe>(subject));
  return check_and_train(options, course_of(options.recipe));
}

/// Runs the command `check-gradients` of a program whose recipes have these courses.
template <class Recipe>
int run_check_gradients(const Subject& subject, Course (*course_of)(const Recipe&),
                        const cli::Command& command, const cli::Arguments& arguments) {
  const auto options =
      cli::parse_options(command, arguments, CheckOptions<Recipe>{DataOptions(subject)});
  return check(options.data, options.run, course_of(options.recipe));
}

}  // namespace images
