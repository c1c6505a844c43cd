#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming)
class App;
}

/// The options of the command line, a struct for each concern. A program may add its own. Each
/// command takes the structs that concern it. add_flags() adds the flags that set them. Their
/// values before the call are the defaults.

namespace cli {

/// Options of the computation.
struct RunOptions {
  std::uint64_t seed = 42;
  std::size_t threads = 0;            ///< 0: as many as the machine has cores.
  std::string precision = "float32";  ///< Or "bfloat16". See xtape::set_matmul_precision().
  bool deterministic = false;         ///< One thread unless `threads` is set. No times are printed.
};

/// Options of the training.
struct TrainingOptions {
  std::size_t validation = 0;  ///< The number of training images to hold out.
  std::size_t early_stop = 0;  ///< Epochs without a better validation accuracy. 0: never stop.
  std::size_t local_steps =
      0;                      ///< Steps of each process between two means. 0: gradients are summed.
  double outer_rate = 1;      ///< The rate of the outer step.
  double outer_momentum = 0;  ///< The momentum of the outer step.
};

/// Options of the checkpoints, from which a run resumes.
struct CheckpointOptions {
  std::string folder;          ///< The folder. Empty: no checkpoints are saved.
  std::size_t save_every = 0;  ///< Steps between checkpoints. The end of an epoch saves one, too.
  std::size_t keep = 3;        ///< The number of newest checkpoints to keep.
  bool resume = false;         ///< True if the run resumes from the newest checkpoint.
};

/// Options of the output.
struct OutputOptions {
  bool json = false;   ///< A JSON line for each epoch, and nothing else on standard output.
  bool quiet = false;  ///< Only the last line.

  /// True if tables and headings are printed.
  bool verbose() const { return !json && !quiet; }
};

/// Options of the results of a run.
struct ResultOptions {
  std::filesystem::path weights;  ///< The file of the weights. Empty: none is written.
  std::filesystem::path report;   ///< The folder of the report. Empty: none is written.
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
