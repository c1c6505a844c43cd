#pragma once

#include <filesystem>
#include <optional>
#include <xtape.hpp>

#include "examples/cli/options.hpp"
#include "examples/mnist/recipes.hpp"
#include "nn/io/folder_lock.hpp"

namespace mnist {

/// How long a run is: what the numbers of its checkpoints must fit.
struct RunLength {
  std::size_t epochs = 0;
  std::size_t images = 0;  ///< In each epoch.
  std::size_t batch_size = 0;
  std::size_t early_stop = 0;  ///< As TrainingOptions has it.
};

/// Throws ValueError, which names the number, unless a run of this length could have saved these:
/// after a step of one of its epochs, with as many images and steps as the batches so far have, the
/// epoch whose weights are kept among those that were completed, and finite sums.
void require_consistent(const xtape::nn::CheckpointNumbers& saved, const RunLength& run);

/// The checkpoints of a run, in a folder of their own: none without one.
class Checkpoints {
 public:
  Checkpoints() = default;

  /// Makes the folder and locks it, so that no other run keeps its checkpoints there while this
  /// object lives (a file system without locks is complained of, and used). Throws DataError when
  /// it cannot be made or written to, and ValueError when another run uses it, and when it holds
  /// checkpoints that the run is not to go on from, or none where it is to.
  Checkpoints(const cli::CheckpointOptions& options, xtape::nn::Identity identity);

  bool wanted() const { return !options_.folder.empty(); }
  bool resumes() const { return wanted() && options_.resume; }

  /// Whether it is time for one after so many steps.
  bool due(std::size_t steps) const {
    return wanted() && options_.save_every > 0 && steps % options_.save_every == 0;
  }

  /// Saves the run after `steps` steps and removes checkpoints that are no longer kept. Throws as
  /// nn::save_checkpoint does.
  void save(std::size_t steps, const xtape::nn::Sequential<float>& network,
            const xtape::nn::Optimizer<float>& optimizer,
            const xtape::nn::TrainingState& state) const;

  /// Brings back the newest one. Throws as nn::load_checkpoint does.
  void load(xtape::nn::Sequential<float>& network, xtape::nn::Optimizer<float>& optimizer,
            xtape::nn::TrainingState& state) const;

  /// Where the weights with the best validation accuracy are kept.
  std::filesystem::path best_weights() const;

 private:
  cli::CheckpointOptions options_;
  xtape::nn::Identity identity_;
  std::optional<xtape::nn::FolderLock> lock_;
};

/// What must be the same for a run to go on: the recipe, the images that it trains on, the seed.
xtape::nn::Identity identity_of(const Recipe& recipe, const cli::TrainingOptions& training,
                                std::uint64_t seed, const xtape::nn::Mnist& data);

}  // namespace mnist
