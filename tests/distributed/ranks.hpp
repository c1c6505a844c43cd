#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>
#include <xtape.hpp>

#include "nn/distributed/mpi.hpp"
#include "tests/support/models.hpp"

/// @file
/// What the cases of xtape_ranks share.

#define EXPECT(condition) \
  xtape::require<xtape::Error>(condition, "{}:{}: expected {}", __FILE__, __LINE__, #condition)

namespace ranks {

namespace nn = xtape::nn;
using xtape::require;
using Arguments = std::vector<std::string>;
using Cases = std::map<std::string, void (*)(nn::ProcessGroup&, const Arguments&)>;

/// Cases in which ranks train undisturbed, and their numbers are compared.
Cases cases_of_numbers();

/// Cases of checkpoints, and of ranks that fail, differ, wait or are ended from outside.
Cases cases_of_faults();

/// Returns points of three numbers, whose class is whether their sum is above 0.
template <class T>
nn::Dataset some_points(std::size_t count) {
  xtape::Rng rng{5};
  std::vector<T> points(3 * count);
  std::vector<std::int64_t> classes(count);
  for (std::size_t i = 0; i < count; ++i) {
    T sum = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      sum += points[3 * i + k] = static_cast<T>(rng.normal());
    }
    classes[i] = sum > 0;
  }
  return {nn::Samples(std::move(points), {3}), nn::Samples(std::move(classes))};
}

inline nn::Run quiet(nn::Run run) {
  run.progress = nn::ProgressStyle::none;
  run.summary = false;
  return run;
}

/// All objects of a run. Each rank begins with weights, an order and random numbers of its own, so
/// that a run in which they stay apart shows. `dropout` is the rate of its dropout.
template <class T>
struct Parts {
  explicit Parts(std::size_t samples, std::size_t batch_size, std::uint64_t seed = 1,
                 double dropout = 0)
      : data(some_points<T>(samples)),
        rng(seed),
        model{nn::Linear<T>(3, 7, rng), nn::Dropout(dropout), nn::Tanh{}, nn::Linear<T>(7, 2, rng)},
        batches(data, batch_size, rng) {
    tape.rng() = xtape::Rng(seed + 1);
  }

  xtape::Variable<T> loss_of(const nn::Batch& batch) {
    return nn::SoftmaxCrossEntropy{}(model(tape.constant(batch.inputs)), batch.targets);
  }

  std::vector<T> weights() const { return numbers_of<T>(model); }

  nn::Dataset data;
  xtape::Rng rng;
  nn::Sequential<T> model;
  nn::SGD<T> sgd{{.learning_rate = 0.1, .momentum = 0.9}};
  nn::Adam<T> adam{{.learning_rate = 0.01}};
  nn::Optimizer<T>* optimizer = &sgd;
  xtape::Tape<T> tape;
  nn::Batches batches;
};

/// Trains, evaluates each epoch on all samples, and calls `after(steps)` after each step.
template <class T, class After>
nn::History train(Parts<T>& parts, const nn::Run& run, After after) {
  nn::Epochs epochs(quiet(run), parts.model, *parts.optimizer, parts.tape, parts.batches);
  for (nn::Epoch& epoch : epochs) {
    for (const auto& batch : epoch) {
      epoch.step([&] { return parts.loss_of(batch); });
      after(parts.optimizer->steps());
    }
    epoch.end([&] {
      return nn::validate(parts.model, nn::SoftmaxCrossEntropy{}, parts.data, parts.tape, 5,
                          run.group);
    });
  }
  return epochs.history();
}

template <class T>
nn::History train(Parts<T>& parts, const nn::Run& run) {
  return train(parts, run, [](std::size_t) {});
}

}  // namespace ranks
