#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nn/io/checkpoint.hpp"
#include "nn/io/files.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/linear.hpp"
#include "nn/losses.hpp"
#include "nn/optim/adam.hpp"
#include "nn/optim/rmsprop.hpp"
#include "nn/optim/sgd.hpp"
#include "nn/sequential.hpp"
#include "tests/support/datasets.hpp"
#include "tests/support/temporary_folder.hpp"

/// A training run like that of a program, for tests of its checkpoints.

inline const xtape::nn::Identity identity{{"dataset", "23 numbered images"},
                                          {"learning_rate", "0.05"}};

template <class T>
std::unique_ptr<xtape::nn::Optimizer<T>> make_optimizer(const std::string& name) {
  namespace nn = xtape::nn;
  if (name == "SGD") {
    return std::make_unique<nn::SGD<T>>(nn::SGDOptions{.learning_rate = 0.05});
  }
  if (name == "momentum") {
    return std::make_unique<nn::SGD<T>>(
        nn::SGDOptions{.learning_rate = 0.05, .momentum = 0.9, .nesterov = true});
  }
  if (name == "Adam") {
    return std::make_unique<nn::Adam<T>>(nn::AdamOptions{.weight_decay = 0.1});
  }
  if (name == "RMSprop") {
    return std::make_unique<nn::RMSprop<T>>(
        nn::RMSpropOptions{.momentum = 0.9, .centered = true, .weight_decay = 0.1});
  }
  return std::make_unique<nn::AdamW<T>>();
}

inline xtape::nn::Dataset make_data(std::size_t count) {
  std::vector<int> labels(count);
  for (std::size_t i = 0; i < count; ++i) {
    labels[i] = static_cast<int>(i % 3);
  }
  return {numbered_images(count).features, labels};
}

/// A run with everything that a checkpoint restores: a model that draws random numbers, an
/// optimizer, batches in random order, a count of epochs and a loss.
template <class T>
struct Run {
  explicit Run(const std::string& optimizer_name, std::uint64_t seed = 1, std::size_t hidden = 4,
               std::size_t items = 23, std::size_t batch_size = 5)
      : rng(seed),
        model{xtape::nn::Linear<T>(15, hidden, rng), xtape::nn::Dropout{0.3},
              xtape::nn::Linear<T>(hidden, 3, rng)},
        optimizer(make_optimizer<T>(optimizer_name)),
        batches(make_data(items), batch_size, rng) {
    tape.rng() = xtape::Rng(seed + 100);
    state.batches = &batches;
    state.rngs = {{"tape", &tape.rng()}};
    state.numbers = {{"epoch", 0}, {"loss", 0}};
  }

  /// Trains to the end of epoch `epochs`, or until `each_step()` returns false after a step.
  template <class EachStep>
  void train(double epochs, EachStep each_step) {
    double& epoch = state.numbers.at("epoch");
    while (epoch < epochs) {
      for (const auto& batch : batches) {
        tape.rewind();
        const auto loss = criterion(model(tape.constant(batch.inputs)), batch.targets);
        tape.backward(loss);
        optimizer->step(model, tape);
        state.numbers.at("loss") += static_cast<double>(loss.item());
        if (!each_step()) {
          return;
        }
      }
      epoch += 1;
    }
  }
  void train(double epochs) {
    train(epochs, [] { return true; });
  }

  void save(const std::filesystem::path& path) const {
    xtape::nn::save_checkpoint(path, model, *optimizer, state, identity);
  }
  void load(const std::filesystem::path& path, const xtape::nn::Identity& wanted = identity) {
    xtape::nn::load_checkpoint(path, model, *optimizer, state, wanted);
  }

  /// Returns everything in the run, as the bytes of its checkpoint.
  std::string bits() const {
    const TemporaryFolder folder;
    save(folder / "bits");
    return xtape::nn::read_file(folder / "bits", 1 << 20);
  }

  xtape::Rng rng;
  xtape::nn::Sequential<T> model;
  std::unique_ptr<xtape::nn::Optimizer<T>> optimizer;
  xtape::nn::Batches batches;
  xtape::nn::SoftmaxCrossEntropy criterion;
  xtape::Tape<T> tape;
  xtape::nn::TrainingState state;
};
