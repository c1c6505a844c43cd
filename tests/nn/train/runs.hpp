#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "nn/layers/activations.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/linear.hpp"
#include "nn/losses.hpp"
#include "nn/optim/adam.hpp"
#include "nn/sequential.hpp"
#include "nn/train/epochs.hpp"
#include "tests/support/models.hpp"

/// A small training run, of which tests make several to compare them.

/// Returns points of three numbers, whose class is whether their sum is above 0.
inline xtape::nn::Dataset some_points(std::size_t count) {
  xtape::Rng rng{5};
  std::vector<float> points(3 * count);
  std::vector<std::int64_t> classes(count);
  for (std::size_t i = 0; i < count; ++i) {
    float sum = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      sum += points[3 * i + k] = static_cast<float>(rng.normal());
    }
    classes[i] = sum > 0;
  }
  return {xtape::nn::Samples(std::move(points), {3}), xtape::nn::Samples(std::move(classes))};
}

/// All objects of a run. The model draws random numbers, so that a run resumed with another state
/// of its Rng would show.
struct Parts {
  explicit Parts(std::size_t samples = 18, std::size_t batch_size = 4, std::uint64_t seed = 1)
      : data(some_points(samples)),
        rng(seed),
        model{xtape::nn::Linear(3, 4, rng), xtape::nn::Dropout(0.2), xtape::nn::Tanh{},
              xtape::nn::Linear(4, 2, rng)},
        batches(data, batch_size, rng) {
    tape.rng() = xtape::Rng(seed + 1);
  }

  xtape::Variable<float> loss_of(const xtape::nn::Batch& batch) {
    return xtape::nn::SoftmaxCrossEntropy{}(model(tape.constant(batch.inputs)), batch.targets);
  }

  /// Makes a step without Epoch::step().
  xtape::Variable<float> step(const xtape::nn::Batch& batch) {
    tape.rewind();
    const auto loss = loss_of(batch);
    tape.backward(loss);
    optimizer.step(model, tape);
    return loss;
  }

  xtape::nn::Score score() {
    return xtape::nn::higher_is_better(xtape::nn::evaluate(model, data, tape).accuracy());
  }

  std::vector<float> weights() const { return numbers_of(model); }

  xtape::nn::Epochs epochs(const xtape::nn::Run& run) {
    return {run, model, optimizer, tape, batches};
  }

  xtape::nn::Dataset data;
  xtape::Rng rng;
  xtape::nn::Sequential<float> model;
  xtape::nn::Adam<float> optimizer{
      {.learning_rate = xtape::nn::on_plateau(xtape::nn::cosine_decay(0.05, 20), {.patience = 1})}};
  xtape::Tape<float> tape;
  xtape::nn::Batches batches;
};

/// Returns the parts of a run in another process, which begins with other weights and another
/// order.
inline Parts other_parts() { return Parts(18, 4, 9); }

/// Returns the options of a run that shows nothing, and resumes if it has a folder.
///@{
inline xtape::nn::Run quiet(xtape::nn::Run run) {
  run.resume = !run.folder.empty();
  run.progress = xtape::nn::ProgressStyle::none;
  return run;
}
inline xtape::nn::Run quiet(std::size_t epochs, const std::filesystem::path& folder = {}) {
  return quiet(xtape::nn::Run{.epochs = epochs, .folder = folder});
}
///@}

/// Goes through all epochs. Calls `turn(epoch, batch)` for each batch, and `after(epoch)` after the
/// batches of each epoch.
template <class Turn, class After>
void go(xtape::nn::Epochs& epochs, Turn turn, After after) {
  for (xtape::nn::Epoch& epoch : epochs) {
    for (const auto& batch : epoch) {
      turn(epoch, batch);
    }
    after(epoch);
  }
}

/// Trains `parts` by steps that are not made by Epoch::step().
template <class After>
void go(xtape::nn::Epochs& epochs, Parts& parts, After after) {
  go(
      epochs, [&](xtape::nn::Epoch& epoch, const auto& batch) { epoch.add(parts.step(batch)); },
      after);
}
inline void go(xtape::nn::Epochs& epochs, Parts& parts) {
  go(epochs, parts, [](xtape::nn::Epoch&) {});
}

/// The outcome of a run.
struct Result {
  std::vector<float> weights;
  std::vector<double> losses, scores, norms;
  xtape::nn::RunStatus status = xtape::nn::RunStatus::running;
};

inline Result result_of(const Parts& parts, const xtape::nn::Epochs& epochs) {
  Result result{parts.weights(), {}, {}, {}, epochs.status()};
  for (const xtape::nn::EpochRecord& epoch : epochs.history().epochs()) {
    result.losses.push_back(epoch.loss);
    result.scores.push_back(epoch.metric("score"));
    result.norms.push_back(epoch.gradient_norm);
  }
  return result;
}

/// Trains `parts` by Epoch::step(), or without it. Calls `after(steps)` after each step, which may
/// throw.
template <class After>
Result train(Parts& parts, const xtape::nn::Run& run, bool written_out, After after) {
  xtape::nn::Epochs epochs = parts.epochs(run);
  go(
      epochs,
      [&](xtape::nn::Epoch& epoch, const auto& batch) {
        if (written_out) {
          epoch.add(parts.step(batch));
        } else {
          epoch.step([&] { return parts.loss_of(batch); });
        }
        after(parts.optimizer.steps());
      },
      [&](xtape::nn::Epoch& epoch) { epoch.end([&] { return parts.score(); }); });
  return result_of(parts, epochs);
}

inline Result train(Parts& parts, const xtape::nn::Run& run, bool written_out = false) {
  return train(parts, run, written_out, [](std::size_t) {});
}
