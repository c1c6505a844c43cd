#include "examples/mnist/checkpoints.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>  // fmt::join

#include <cmath>
#include <utility>

namespace mnist {
namespace {

namespace fs = std::filesystem;
namespace nn = xtape::nn;
using xtape::require;

/// FNV-1a, 64 bits (Fowler, Noll and Vo): tells datasets apart, and no more.
std::uint64_t fingerprint(std::uint64_t hash, const nn::Bytes& bytes) {
  for (const std::uint8_t byte : bytes) {
    hash = (hash ^ byte) * 0x100000001b3;
  }
  return hash;
}

}  // namespace

Checkpoints::Checkpoints(const CheckpointOptions& options, nn::Identity identity)
    : options_(options), identity_(std::move(identity)) {
  if (!wanted()) {
    return;
  }
  std::error_code error;
  fs::create_directories(options.folder, error);
  require<xtape::DataError>(!error, "{}: cannot make this folder: {}", options.folder,
                            error.message());
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
  const fs::path path = nn::find_checkpoints(options_.folder).back();
  nn::load_checkpoint(path, network, optimizer, state, identity_);
  for (const char* count : {"epoch", "samples", "last"}) {
    const double number = state.numbers.at(count);
    require<xtape::DataError>(number >= 0 && number < 0x1p53 && number == std::floor(number),
                              "{}: its number.{} is {}, expected a whole number", path.string(),
                              count, number);
  }
}

fs::path Checkpoints::best_weights() const {
  return fs::path(options_.folder) / "best.safetensors";
}

nn::Identity identity_of(const Recipe& recipe, const TrainingOptions& training, std::uint64_t seed,
                         const nn::Mnist& data) {
  const auto text = [](const auto& value) { return fmt::format("{}", value); };
  const nn::AugmentOptions& augment = recipe.augment;
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const nn::Dataset* part : {&data.train, &data.test}) {
    hash = fingerprint(fingerprint(hash, part->images), part->labels);
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
