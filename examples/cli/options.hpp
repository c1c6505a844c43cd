#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming)
class App;
}

/// What the command line says, a struct for each concern (and what a program adds). Each command
/// takes those that concern it; add_flags() names the flags that set them, and their values before
/// are the defaults.

namespace cli {

/// How a command computes.
struct RunOptions {
  std::uint64_t seed = 42;
  std::size_t threads = 0;            ///< 0: as many as the machine has cores.
  std::string precision = "float32";  ///< Or "bfloat16"; see xtape::set_matmul_precision().
  bool deterministic = false;  ///< One thread unless `threads` says otherwise; no times printed.
};

/// How long to train.
struct TrainingOptions {
  std::size_t validation = 0;  ///< How many training images are kept out of training.
  std::size_t early_stop = 0;  ///< Epochs without a better validation accuracy; 0: never stop.
  std::size_t local_steps =
      0;                      ///< Steps of each process between two means; 0: gradients are summed.
  double outer_rate = 1;      ///< The rate of the outer step.
  double outer_momentum = 0;  ///< The momentum of the outer step.
};

/// How a run is kept, to go on with after it was stopped.
struct CheckpointOptions {
  std::string folder;          ///< Empty: it is not.
  std::size_t save_every = 0;  ///< Steps; a checkpoint is saved at the end of each epoch anyway.
  std::size_t keep = 3;        ///< How many are kept.
  bool resume = false;         ///< Go on from the newest.
};

/// What is printed.
struct OutputOptions {
  bool json = false;   ///< A JSON line for each epoch, and nothing else on standard output.
  bool quiet = false;  ///< Only the last line.

  /// Whether tables and headings are printed.
  bool verbose() const { return !json && !quiet; }
};

/// What a run leaves behind.
struct ResultOptions {
  std::filesystem::path weights;  ///< A file for the weights; empty: they are not kept.
  std::filesystem::path report;   ///< A folder for a report; empty: none is written.
};

/// Uses as many threads as the options say.
void set_threads(const RunOptions& options);

/// Multiplies matrices in the precision that the options say. Throws ValueError if this processor
/// or build has none of it.
void set_precision(const RunOptions& options);

void add_flags(CLI::App& app, RunOptions& options);
void add_flags(CLI::App& app, TrainingOptions& options);
void add_flags(CLI::App& app, CheckpointOptions& options);
void add_flags(CLI::App& app, OutputOptions& options);
void add_flags(CLI::App& app, ResultOptions& options);

}  // namespace cli
