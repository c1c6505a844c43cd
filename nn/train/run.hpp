#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "nn/data/batches.hpp"
#include "nn/io/checkpoint.hpp"
#include "nn/train/history.hpp"
#include "nn/train/local_steps.hpp"
#include "nn/train/progress.hpp"

namespace xtape::nn {

class ProcessGroup;

/// The options of a training run.
///
///     const nn::Run run{.epochs = 20, .folder = "runs/iris", .resume = true, .early_stop = 5};
///
/// Options out of range make nn::Epochs and nn::fit() throw ValueError.
struct Run {
  /// The number of epochs of the whole run. A resumed run does what is left of them.
  std::size_t epochs = 10;

  /// The folder of the checkpoints. Empty: no checkpoints. The run makes the folder, and locks it
  /// during use.
  std::filesystem::path folder{};

  /// True if the run resumes from the newest checkpoint of the folder, if there is one. If false,
  /// the folder must have no checkpoint.
  bool resume = false;

  /// The number of optimizer steps between two checkpoints. The run also saves one at the end of
  /// each epoch. 0: only at the end of each epoch.
  std::size_t save_every = 0;

  /// The number of checkpoints to keep: the newest ones. At least 1.
  std::size_t keep = 2;

  /// The number of epochs in a row without a better score after which the run ends. The model gets
  /// the weights of the best epoch. 0: all epochs run, and the model keeps the last weights.
  std::size_t early_stop = 0;

  /// The number of batches for one step. Epoch::step() averages their gradients. At least 1.
  std::size_t accumulate = 1;

  /// The norm to which Epoch::step() clips gradients. See clip_grad_norm(). The history gets the
  /// norms before clipping. Infinity: the norms are only measured. Unset: neither.
  std::optional<double> max_norm{};

  /// The share of a running average that Epoch::step() replaces. See update_statistics(). Above 0,
  /// at most 1.
  double statistics_momentum = 0.1;

  /// True if the history gets histograms of weights and gradients, for a report.
  bool histograms = false;

  /// The style of the progress on standard error.
  ProgressStyle progress = ProgressStyle::automatic;

  /// True if the progress has a line about each epoch. ProgressStyle::none has no lines.
  bool summary = true;

  /// True if Ctrl-C and SIGTERM save and end the run, and do not end the program.
  bool catch_signals = true;

  /// The processes that train the model together, or null. Each process has a share of each batch.
  /// See Batches::shard(). The run begins with the model, the optimizer and the random numbers of
  /// rank 0. Rank 0 alone shows the progress and uses the folder. A run that was saved by one
  /// number of ranks can be resumed by another. Without local steps, the result equals a run of one
  /// process, except for rounding, the random numbers of dropout, and layers that measure their
  /// batch. It also differs for losses that are no mean over the samples: with class weights, with
  /// a label to ignore, or with Reduction::sum.
  ProcessGroup* group = nullptr;

  /// The local steps of the ranks, for slow links. All ranks have the same weights after every
  /// `local_steps.every` steps and at the end of an epoch. Only then can the run be saved, or
  /// notice a signal.
  LocalSteps local_steps{};

  /// The facts that must be equal to resume: the options of the optimizer, a name of the data.
  Identity identity{};

  /// For nn::fit(): the samples of a batch. At least 1.
  std::size_t batch_size = 32;

  /// For nn::fit(): the options of the batches of training samples.
  BatchOptions batches{};

  /// For nn::fit(): the seed of the order of the samples, and of dropout.
  std::uint64_t seed = 42;
};

/// The status of a run: running, or the reason why it ended.
enum class RunStatus {
  running,        ///< Not ended, or the loop over the epochs ended by `break` or an exception.
  completed,      ///< Ended after the last epoch.
  stopped_early,  ///< Ended after Run::early_stop epochs without a better score.
  interrupted     ///< Ended by a signal, in the last validation or before. See Epochs::signal().
};

namespace detail {

/// The numbers of a run that change from batch to batch. A checkpoint holds them under the names of
/// the visit line.
struct RunState {
  std::size_t epoch = 1;       // the one under way, counted from 1
  std::size_t batches = 0;     // given in all epochs
  std::size_t steps = 0;       // of the optimizer
  std::size_t samples = 0;     // of this epoch
  std::size_t losses = 0;      // the weight of loss_sum
  std::size_t norms = 0;       // the weight of norm_sum
  std::size_t best_epoch = 0;  // 0: none yet
  double loss_sum = 0;         // of this epoch
  double norm_sum = 0;         // of this epoch
  double learning_rate = 0;    // of the last step
  double epoch_seconds = 0;    // of this epoch
  double seconds = 0;          // of the epochs before
  double best_score = std::numeric_limits<double>::quiet_NaN();

  static void visit(auto& self, auto&& f) {
    f("epoch", self.epoch), f("batches", self.batches), f("steps", self.steps);
    f("samples", self.samples), f("losses", self.losses), f("norms", self.norms);
    f("best_epoch", self.best_epoch), f("best_score", self.best_score);
    f("loss_sum", self.loss_sum), f("norm_sum", self.norm_sum);
    f("learning_rate", self.learning_rate);
    f("epoch_seconds", self.epoch_seconds), f("seconds", self.seconds);
  }

  /// Forgets the epoch that has ended.
  void begin_epoch();
};

/// Returns the numbers under their names.
std::map<std::string, double> numbers_of(const RunState& state);

/// Returns the state of these numbers. Throws ValueError if a count is no whole number, and if a
/// name is missing.
RunState state_of(const std::map<std::string, double>& numbers);

/// The numbers of a run that a checkpoint must fit.
struct RunShape {
  std::size_t batches = 0;  // of an epoch
  std::size_t samples = 0;  // of an epoch
  std::size_t batch_size = 0;
  std::size_t early_stop = 0;
};

/// Returns the state of a checkpoint. Throws ValueError, naming the number, unless a run of this
/// shape could have saved it.
RunState require_consistent(const CheckpointNumbers& saved, const RunShape& shape);

/// Throws ValueError, naming the number, unless a run of this shape and state could have made this
/// history.
void require_consistent(const History& history, const RunState& state, const RunShape& shape);

/// Throws ValueError if an option is out of range.
void require_sound(const Run& run);

/// Returns the identity of a run: its own, and the options on which its numbers depend.
Identity identity_of(const Run& run);

}  // namespace detail

}  // namespace xtape::nn
