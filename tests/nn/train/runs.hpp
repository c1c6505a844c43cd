#pragma once

#include <cstdint>
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

/// A small training run, of which tests make several to compare them.

/// Points of three numbers, whose class is whether their sum is above 0.
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

/// All that a run consists of. The model draws random numbers, so that a run resumed with another
/// state of its Rng would show.
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

  /// A step written out.
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

  std::vector<float> weights() const {
    std::vector<float> numbers;
    xtape::nn::for_each_parameter(
        model, [&](const xtape::nn::ParameterName&, const xtape::Array<float>& array) {
          numbers.insert(numbers.end(), array.storage().begin(), array.storage().end());
        });
    return numbers;
  }

  xtape::nn::Dataset data;
  xtape::Rng rng;
  xtape::nn::Sequential<float> model;
  xtape::nn::Adam<float> optimizer{
      {.learning_rate = xtape::nn::on_plateau(xtape::nn::cosine_decay(0.05, 20), {.patience = 1})}};
  xtape::Tape<float> tape;
  xtape::nn::Batches batches;
};

/// The options of a run that shows nothing.
inline xtape::nn::Run quiet(std::size_t epochs, const std::filesystem::path& folder = {}) {
  return {.epochs = epochs,
          .folder = folder,
          .resume = !folder.empty(),
          .progress = xtape::nn::ProgressStyle::none};
}

/// How a run went.
struct Result {
  std::vector<float> weights;
  std::vector<double> losses, scores, norms;
  xtape::nn::RunStatus status = xtape::nn::RunStatus::running;
  int signal = 0;

  bool operator==(const Result&) const = default;
};

inline Result result_of(const Parts& parts, const xtape::nn::Epochs& epochs) {
  Result result{parts.weights(), {}, {}, {}, epochs.status(), epochs.signal()};
  for (const xtape::nn::EpochRecord& epoch : epochs.history().epochs()) {
    result.losses.push_back(epoch.loss);
    result.scores.push_back(epoch.metric("score"));
    result.norms.push_back(epoch.gradient_norm);
  }
  return result;
}

/// Trains `parts` by steps that Epoch makes, or that are written out. Calls `after(steps)` after
/// each step, which may throw.
template <class After>
Result train(Parts& parts, const xtape::nn::Run& run, bool written_out, After after) {
  xtape::nn::Epochs epochs(run, parts.model, parts.optimizer, parts.tape, parts.batches);
  for (xtape::nn::Epoch& epoch : epochs) {
    for (const auto& batch : epoch) {
      if (written_out) {
        epoch.add(parts.step(batch));
      } else {
        epoch.step([&] { return parts.loss_of(batch); });
      }
      after(parts.optimizer.steps());
    }
    epoch.end([&] { return parts.score(); });
  }
  return result_of(parts, epochs);
}

inline Result train(Parts& parts, const xtape::nn::Run& run, bool written_out = false) {
  return train(parts, run, written_out, [](std::size_t) {});
}
