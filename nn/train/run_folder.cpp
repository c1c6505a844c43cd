#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "nn/io/files.hpp"
#include "nn/train/loop.hpp"

// What a run does with the folder of its checkpoints.

namespace xtape::nn::detail {
namespace {

namespace fs = std::filesystem;

/// Throws ValueError unless the best score is a score of the best epoch.
void require_best_score(const RunState& state, const History& history) {
  if (state.best_epoch == 0) {
    return;
  }
  const Metrics& scores = history.epochs()[state.best_epoch - 1].metrics;
  require<ValueError>(
      std::any_of(scores.begin(), scores.end(),
                  [&](const Metric& each) { return each.score.value == state.best_score; }),
      "its number.best_score is {}, but no score of epoch {} is", state.best_score,
      state.best_epoch);
}

}  // namespace

void Loop::open_folder() {
  if (!keeps()) {
    return;
  }
  std::error_code error;
  fs::create_directories(run_.folder, error);
  require<DataError>(!error, "{}: cannot make this folder: {}", run_.folder.string(),
                     error.message());
  lock_folder();
  require_writable(checkpoint_path(run_.folder, 0));  // not after the first epoch
  if (run_.early_stop > 0) {
    require_writable(best_path());
  }
  const auto checkpoints = find_checkpoints(run_.folder);
  require<ValueError>(checkpoints.empty() || run_.resume,
                      "{}: holds checkpoints: resume from them, or name another folder",
                      run_.folder.string());
  if (!checkpoints.empty()) {
    resume_newest(checkpoints);
  }
}

void Loop::lock_folder() {
  try {
    lock_.emplace(run_.folder, [&] {
      fail<ValueError>("{}: another run keeps its checkpoints here", run_.folder.string());
    });
  } catch (const NoLocks& error) {
    warning_ = fmt::format("{}: see to it that no other run uses this folder", error.what());
  }
}

TrainingState Loop::training_state() {
  return {.batches = &batches_,
          .rngs = {{"tape", &tape_rng()}},
          .numbers = numbers_of(state_),
          .series = series_of(history_)};
}

void Loop::resume(const fs::path& checkpoint) {
  TrainingState restored = training_state();
  const RunShape shape{.batches = batches_.size(),
                       .samples = batches_.samples(),
                       .batch_size = batches_.position().batch_size,
                       .early_stop = run_.early_stop};
  RunState state;
  History history;
  restored.check = [&](const CheckpointNumbers& saved) {
    state = require_consistent(saved, shape);
    history = history_of(saved.series, state.epoch - 1);
    require_consistent(history, state, shape);
    require_best_score(state, history);
  };
  load(checkpoint, restored);
  state_ = state;
  history_ = std::move(history);
}

/// Resumes from the last of the checkpoints. If it is damaged, the message names the newest one
/// that is not, and what to remove for it.
void Loop::resume_newest(const std::vector<fs::path>& checkpoints) {
  try {
    resume(checkpoints.back());
  } catch (const DataError& error) {
    const auto intact =
        std::find_if(checkpoints.rbegin(), checkpoints.rend(), is_intact_checkpoint);
    if (intact == checkpoints.rbegin() || intact == checkpoints.rend()) {
      throw;
    }
    std::string damaged;
    for (auto each = checkpoints.rbegin(); each != intact; ++each) {
      damaged += (damaged.empty() ? "" : " and ") + each->string();
    }
    fail<DataError>("{}; to resume from {}, remove {}", error.what(), intact->string(), damaged);
  }
}

void Loop::save() {
  if (lock_) {
    lock_->require_in_place();
  }
  require_finite();
  state_.steps = steps();  // the program may have made one after the last batch
  save(checkpoint_path(run_.folder, state_.steps), training_state());
  keep_last_checkpoints(run_.folder, run_.keep);
}

}  // namespace xtape::nn::detail
