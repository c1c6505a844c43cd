#pragma once

#include <cmath>
#include <mutex>
#include <vector>

#include "nn/optim/sgd.hpp"
#include "nn/train/fit.hpp"
#include "tests/nn/train/runs.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/thread_ranks.hpp"

/// Runs of several ranks, which are threads here. tests/distributed has processes of MPI.

/// Everything that a rank of these runs needs. Other ranks begin with other weights.
struct Member {
  explicit Member(std::size_t samples, std::uint64_t seed, double rate = 0)
      : data(some_points(samples)),
        rng(seed),
        model{xtape::nn::Linear(3, 5, rng), xtape::nn::Dropout(rate), xtape::nn::Tanh{},
              xtape::nn::Linear(5, 2, rng)},
        batches(data, 8, rng) {
    tape.rng() = xtape::Rng(seed + 1);
  }

  xtape::Variable<float> loss_of(const xtape::nn::Batch& batch) {
    return xtape::nn::SoftmaxCrossEntropy{}(model(tape.constant(batch.inputs)), batch.targets);
  }

  template <class After>
  xtape::nn::History train(const xtape::nn::Run& run, After after) {
    xtape::nn::Epochs epochs(run, model, sgd, tape, batches);
    for (xtape::nn::Epoch& epoch : epochs) {
      for (const auto& batch : epoch) {
        epoch.step([&] { return loss_of(batch); });
        after(sgd.steps());
      }
      epoch.end([&] {
        return xtape::nn::validate(model, xtape::nn::SoftmaxCrossEntropy{}, data, tape, 4,
                                   run.group);
      });
    }
    return epochs.history();
  }
  xtape::nn::History train(const xtape::nn::Run& run) {
    return train(run, [](std::size_t) {});
  }

  xtape::nn::Dataset data;
  xtape::Rng rng;
  xtape::nn::Sequential<float> model;
  xtape::nn::SGD<float> sgd{{.learning_rate = 0.1, .momentum = 0.9}};
  xtape::Tape<float> tape;
  xtape::nn::Batches batches;
};

inline xtape::nn::Run run_of(xtape::nn::ProcessGroup& group, xtape::nn::Run run) {
  run.group = &group;
  return quiet(run);
}

inline void check_close(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(std::abs(a[i] - b[i]) < 1e-5f);
  }
}

/// The results of all ranks, which REQUIRE may look at after the threads have ended.
struct Results {
  std::mutex mutex;
  std::vector<std::vector<float>> weights;
  std::vector<xtape::nn::History> histories;

  void add(const Member& member, const xtape::nn::History& history) {
    const std::lock_guard lock(mutex);
    weights.push_back(numbers_of(member.model));
    histories.push_back(history);
  }
};
