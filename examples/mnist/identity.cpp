#include "examples/mnist/identity.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>  // fmt::join

namespace mnist {
namespace {

namespace nn = xtape::nn;

/// FNV-1a, 64 bits (Fowler, Noll and Vo): tells datasets apart, and no more.
std::uint64_t fingerprint(std::uint64_t hash, const nn::Samples& samples) {
  samples.visit([&](auto elements) {
    for (const auto element : elements) {
      hash = (hash ^ static_cast<std::uint8_t>(element)) * 0x100000001b3;
    }
  });
  return hash;
}

}  // namespace

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
