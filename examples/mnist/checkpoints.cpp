#include "examples/mnist/checkpoints.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>  // fmt::join

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "examples/cli/output.hpp"

namespace mnist {
namespace {

namespace fs = std::filesystem;
namespace nn = xtape::nn;
using xtape::require;

/// Sets `lock`, but where the file system has no locks.
void lock_folder(const std::string& folder, std::optional<nn::FolderLock>& lock) {
  try {
    lock.emplace(folder, [&] {
      xtape::fail<xtape::ValueError>("{}: another run keeps its checkpoints here", folder);
    });
  } catch (const xtape::nn::NoLocks& error) {
    cli::complain(fmt::format("{}: see to it that no other run uses this folder", error.what()));
  }
}

/// FNV-1a, 64 bits (Fowler, Noll and Vo): tells datasets apart, and no more.
std::uint64_t fingerprint(std::uint64_t hash, const nn::Samples& samples) {
  samples.visit([&](auto elements) {
    for (const auto element : elements) {
      hash = (hash ^ static_cast<std::uint8_t>(element)) * 0x100000001b3;
    }
  });
  return hash;
}

/// The count of this name, which must be from `least` to `most`.
std::size_t require_count(const nn::CheckpointNumbers& saved, const char* name, std::size_t least,
                          std::size_t most) {
  const double number = saved.numbers.at(name);
  const bool whole = number >= 0 && number < 0x1p53 && number == std::floor(number);
  const std::size_t count = whole ? static_cast<std::size_t>(number) : 0;
  require<xtape::ValueError>(
      whole && least <= count && count <= most, "its number.{} is {}, expected {}", name, number,
      least == most ? fmt::format("{}", least)
                    : fmt::format("a whole number from {} to {}", least, most));
  return count;
}

void require_within(const nn::CheckpointNumbers& saved, const char* name, double most,
                    const char* wanted) {
  const double number = saved.numbers.at(name);
  require<xtape::ValueError>(number >= 0 && number <= most, "its number.{} is {}, expected {}",
                             name, number, wanted);
}

}  // namespace

void require_consistent(const nn::CheckpointNumbers& saved, const RunLength& run) {
  const auto [within_epoch, given] = std::pair(saved.position.within_epoch, saved.position.given);
  const std::size_t batches = (run.images + run.batch_size - 1) / run.batch_size;
  const std::size_t epoch = require_count(saved, "epoch", 1, run.epochs);
  require<xtape::ValueError>(within_epoch && 0 < given && given <= batches,
                             "its batches are {} an epoch, {} given of {}: expected them after a "
                             "step",
                             within_epoch ? "within" : "between", given, batches);
  const std::size_t samples = std::min(given * run.batch_size, run.images);
  require_count(saved, "samples", samples, samples);
  const std::size_t steps = (epoch - 1) * batches + given;
  require<xtape::ValueError>(saved.steps == steps,
                             "its number.epoch is {} and its batches are after {} of {}, which is "
                             "step {}, but its optimizer has made {} steps",
                             epoch, given, batches, steps, saved.steps);
  // Early stopping keeps one of the last epochs, each other run the last.
  const std::size_t waits = run.early_stop > 0 ? run.early_stop : 1;
  const std::size_t first = epoch > waits ? epoch - waits : std::min<std::size_t>(epoch - 1, 1);
  require_count(saved, "last", first, epoch - 1);
  for (const char* sum : {"loss_sum", "epoch_seconds", "seconds"}) {
    require_within(saved, sum, std::numeric_limits<double>::max(), "a finite number of at least 0");
  }
  for (const char* accuracy : {"last_validation", "last_test"}) {
    require_within(saved, accuracy, 1, "a number from 0 to 1");
  }
}

Checkpoints::Checkpoints(const cli::CheckpointOptions& options, nn::Identity identity)
    : options_(options), identity_(std::move(identity)) {
  if (!wanted()) {
    return;
  }
  std::error_code error;
  fs::create_directories(options.folder, error);
  require<xtape::DataError>(!error, "{}: cannot make this folder: {}", options.folder,
                            error.message());
  lock_folder(options.folder, lock_);
  nn::require_writable(nn::checkpoint_path(options.folder, 0));  // not after the first epoch
  const bool empty = nn::find_checkpoints(options.folder).empty();
  require<xtape::ValueError>(empty || options.resume,
                             "{}: holds checkpoints: go on from them with --resume, or name "
                             "another folder",
                             options.folder);
  require<xtape::ValueError>(!empty || !options.resume, "{}: holds no checkpoint to --resume from",
                             options.folder);
}

void Checkpoints::save(std::size_t steps, const nn::Sequential<float>& network,
                       const nn::Optimizer<float>& optimizer,
                       const nn::TrainingState& state) const {
  nn::save_checkpoint(nn::checkpoint_path(options_.folder, steps), network, optimizer, state,
                      identity_);
  nn::keep_last_checkpoints(options_.folder, options_.keep);
}

void Checkpoints::load(nn::Sequential<float>& network, nn::Optimizer<float>& optimizer,
                       nn::TrainingState& state) const {
  nn::load_checkpoint(nn::find_checkpoints(options_.folder).back(), network, optimizer, state,
                      identity_);
}

fs::path Checkpoints::best_weights() const {
  return fs::path(options_.folder) / "best.safetensors";
}

nn::Identity identity_of(const Recipe& recipe, const cli::TrainingOptions& training,
                         std::uint64_t seed, const nn::Mnist& data) {
  const auto text = [](const auto& value) { return fmt::format("{}", value); };
  const nn::AugmentOptions& augment = recipe.augment;
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const nn::Dataset* part : {&data.train, &data.test}) {
    hash = fingerprint(fingerprint(hash, part->features), part->targets);
  }
  return {
      {"hidden", fmt::format("{}", fmt::join(recipe.hidden, ","))},
      {"activation", recipe.activation},
      {"initial_deviation",
       recipe.initial_deviation ? text(*recipe.initial_deviation) : "Glorot's"},
      {"dropout", text(recipe.dropout)},
      {"standardize", text(recipe.standardize)},
      {"augment", fmt::format("shift {}, rotation {}, scale {}, shear {}, elastic {}, sigma {}",
                              augment.shift, augment.rotation, augment.scale, augment.shear,
                              augment.elastic, augment.smoothing)},
      {"epochs", text(recipe.epochs)},
      {"batch_size", text(recipe.batch_size)},
      {"optimizer", recipe.optimizer},
      {"learning_rate", text(recipe.learning_rate)},
      {"momentum", text(recipe.momentum)},
      {"weight_decay", text(recipe.weight_decay)},
      {"schedule", recipe.schedule},
      {"warm_up", text(recipe.warm_up)},
      {"label_smoothing", text(recipe.label_smoothing)},
      {"validation", text(training.validation)},
      {"early_stop", text(training.early_stop)},
      {"seed", text(seed)},
      {"data", fmt::format("{} images, {:016x}", data.train.size(), hash)},
  };
}

}  // namespace mnist
