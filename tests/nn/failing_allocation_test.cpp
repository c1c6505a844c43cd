#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "nn/io/checkpoint.hpp"
#include "nn/io/weights.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/linear.hpp"
#include "nn/losses.hpp"
#include "nn/optim/adam.hpp"
#include "nn/optim/clip.hpp"
#include "nn/optim/sgd.hpp"
#include "nn/sequential.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"
#include "tests/support/temporary_folder.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;
using xtape::Tape;

namespace {

/// Everything in a training step.
template <class T>
struct Training {
  xtape::Rng rng;
  nn::Sequential<T> model{nn::Linear<T>(5, 4, rng), nn::GELU{}, nn::Dropout(0.25),
                          nn::Sequential<T>{nn::Linear<T>(4, 3, rng), nn::Tanh{}},
                          nn::Linear<T>(3, 3, rng)};
  std::unique_ptr<nn::Optimizer<T>> optimizer;
  Array<T> images = random_normal<T>({6, 5}, rng);
  std::vector<int> labels{0, 1, 2, 2, 1, 0};
  Tape<T> tape;

  explicit Training(std::unique_ptr<nn::Optimizer<T>> with) : optimizer(std::move(with)) {}

  void step() {
    tape.rewind();
    tape.rng() = xtape::Rng{5};
    const nn::SoftmaxCrossEntropy criterion;
    tape.backward(criterion(model(tape.constant(images)), labels));
    nn::clip_grad_norm(model, tape, 0.5);
    optimizer->step(model, tape);
  }

  /// Returns the weights and the optimizer's state.
  std::vector<T> numbers() const {
    std::vector<T> all = numbers_of<T>(model);
    all.push_back(static_cast<T>(optimizer->steps()));
    for (const auto& slot : optimizer->slots()) {
      for (const Array<T>& array : slot.state) {
        all.insert(all.end(), array.storage().begin(), array.storage().end());
      }
    }
    return all;
  }
};

/// Fails the k-th allocation of the first step, for every k. Checks that weights and optimizer are
/// unchanged, and that the same objects then train as if nothing had happened.
template <class T, class MakeOptimizer>
std::size_t failures_survived(MakeOptimizer make) {
  Training<T> undisturbed(make());
  const std::vector<T> before = undisturbed.numbers();
  undisturbed.step();
  undisturbed.step();
  for (std::size_t k = 1;; ++k) {
    Training<T> training(make());
    bool failed = true;
    try {
      const FailingAllocation failing(k);
      training.step();
      failed = failing.failed();
    } catch (const std::bad_alloc&) {
      INFO("allocation " << k);
      CHECK(training.numbers() == before);
      training.step();
    }
    training.step();
    INFO("allocation " << k);
    CHECK(training.numbers() == undisturbed.numbers());
    if (!failed) {
      return k - 1;
    }
  }
}

}  // namespace

TEMPLATE_TEST_CASE("A training step that an allocation fails changes nothing and can be repeated",
                   "[nn]", float, double) {
  using T = TestType;
  if (!counts_allocations()) {
    XTAPE_SKIP("SKIPPED: a sanitizer has replaced operator new in this build");
  }
  CHECK(failures_survived<T>([] { return std::make_unique<nn::SGD<T>>(); }) > 50);
  CHECK(failures_survived<T>([] {
          return std::make_unique<nn::SGD<T>>(nn::SGDOptions{.momentum = 0.9, .nesterov = true});
        }) > 50);
  CHECK(failures_survived<T>([] { return std::make_unique<nn::Adam<T>>(); }) > 50);
  CHECK(failures_survived<T>([] { return std::make_unique<nn::AdamW<T>>(); }) > 50);
}

TEMPLATE_TEST_CASE("What cannot be loaded for want of memory changes nothing", "[nn]", float,
                   double) {
  using T = TestType;
  if (!counts_allocations()) {
    XTAPE_SKIP("SKIPPED: a sanitizer has replaced operator new in this build");
  }
  const TemporaryFolder folder;
  Training<T> trained(std::make_unique<nn::Adam<T>>());
  trained.step();
  nn::TrainingState saved{.batches = nullptr, .rngs = {}, .numbers = {{"epoch", 3}}};
  nn::save_weights(folder / "weights", trained.model);
  nn::save_checkpoint(folder / "checkpoint", trained.model, *trained.optimizer, saved, {});

  const auto check = [&](auto load) {
    std::size_t failures = 0;
    for (bool failed = true; failed;) {
      Training<T> other(std::make_unique<nn::Adam<T>>());
      other.images.fill(T(1));
      other.step();
      const std::vector<T> before = other.numbers();
      try {
        const FailingAllocation failing(failures + 1);
        load(other);
        failed = failing.failed();
      } catch (const std::bad_alloc&) {
        CHECK(other.numbers() == before);
        ++failures;
        continue;
      }
      REQUIRE_FALSE(failed);  // it was reported
      CHECK_FALSE(other.numbers() == before);
    }
    return failures;
  };
  CHECK(check([&](Training<T>& other) { nn::load_weights(folder / "weights", other.model); }) > 20);
  CHECK(check([&](Training<T>& other) {
          nn::TrainingState state{.batches = nullptr, .rngs = {}, .numbers = {{"epoch", 0}}};
          nn::load_checkpoint(folder / "checkpoint", other.model, *other.optimizer, state, {});
        }) > 20);
}
