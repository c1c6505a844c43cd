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

  /// Where checkpoints are kept. Empty: nowhere. The folder is made, and locked while the run uses
  /// it.
  std::filesystem::path folder{};

  /// Whether the run continues from the newest checkpoint of the folder, if it has one. Otherwise
  /// the folder must have none.
  bool resume = false;

  /// A checkpoint after so many steps of the optimizer. One at the end of each epoch is always
  /// made. 0: only those.
  std::size_t save_every = 0;

  /// How many of the newest checkpoints stay. At least 1.
  std::size_t keep = 2;

  /// The run ends after so many epochs in a row without a better score, and the model gets the
  /// weights of the best epoch. 0: never, and it keeps the last.
  std::size_t early_stop = 0;

  /// How many batches make a step of Epoch::step(). Their gradients are averaged. At least 1.
  std::size_t accumulate = 1;

  /// Epoch::step() clips gradients to this norm, see clip_grad_norm(), and the history gets the
  /// norms before. Infinity only measures them. Unset: neither.
  std::optional<double> max_norm{};

  /// What share of a running average Epoch::step() replaces, see update_statistics(). Above 0, at
  /// most 1.
  double statistics_momentum = 0.1;

  /// Whether the history gets histograms of weights and gradients, for a report.
  bool histograms = false;

  /// How the run shows its progress on standard error.
  ProgressStyle progress = ProgressStyle::automatic;

  /// Whether the progress has a line about each epoch. ProgressStyle::none has none.
  bool summary = true;

  /// Whether Ctrl-C and SIGTERM save the run and end it, instead of the program.
  bool catch_signals = true;

  /// The processes that train the model together, or null. Each process has a share of each batch,
  /// see Batches::shard(). The run begins with the model, the optimizer and the random numbers of
  /// rank 0. Rank 0 alone shows the progress and uses the folder. A run that was saved by one
  /// number of ranks can be resumed by another. Without local steps, the result equals a run of one
  /// process, except for rounding, for the random numbers of dropout, for layers that measure
  /// their batch, and for losses that are no mean over the samples: with class weights, with a
  /// label to ignore, or with Reduction::sum.
  ProcessGroup* group = nullptr;

  /// How many steps the ranks train apart, for slow links. The run can then be saved, and notices a
  /// signal, only when the ranks have the same weights again: after `local_steps.every` steps and
  /// at the end of an epoch.
  LocalSteps local_steps{};

  /// What must be the same to resume a run: the options of the optimizer, a name of the data.
  Identity identity{};

  /// For nn::fit(): the samples of a batch. At least 1.
  std::size_t batch_size = 32;

  /// For nn::fit(): the options of the batches of training samples.
  BatchOptions batches{};

  /// For nn::fit(): the seed of the order of the samples, and of dropout.
  std::uint64_t seed = 42;
};

/// How a run has ended.
enum class RunStatus {
  running,        ///< It has not, or `break` or an exception ended the loop over its epochs.
  completed,      ///< After its last epoch.
  stopped_early,  ///< After Run::early_stop epochs without a better score.
  interrupted     ///< By a signal, at the latest in its last validation; see Epochs::signal().
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

/// What a checkpoint must fit.
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
