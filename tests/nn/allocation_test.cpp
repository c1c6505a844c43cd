#include <algorithm>
#include <cstddef>
#include <vector>

#include "nn/layers/activations.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/linear.hpp"
#include "nn/losses.hpp"
#include "nn/optim/adam.hpp"
#include "nn/optim/clip.hpp"
#include "nn/optim/schedule.hpp"
#include "nn/optim/sgd.hpp"
#include "nn/sequential.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"

namespace nn = xtape::nn;
using xtape::Shape;
using xtape::Tape;

namespace {

/// Batches, the last of which is short.
template <class T>
struct Batch {
  xtape::Array<T> images;
  std::vector<int> labels;
};

template <class T>
std::vector<Batch<T>> make_batches(xtape::Rng& rng) {
  std::vector<Batch<T>> batches;
  for (const std::size_t count : {16UL, 16UL, 5UL}) {
    std::vector<int> labels(count);
    std::generate(labels.begin(), labels.end(), [&] { return static_cast<int>(rng.below(10)); });
    batches.push_back({random_normal<T>({count, 48}, rng), labels});
  }
  return batches;
}

/// Returns the number of allocations in each of three epochs.
template <class T, class Optimizer>
std::vector<std::size_t> allocations(nn::Sequential<T> model, Optimizer optimizer) {
  xtape::Rng rng;
  const auto batches = make_batches<T>(rng);
  const nn::SoftmaxCrossEntropy criterion;
  optimizer.options.learning_rate = nn::warm_up(3, nn::cosine_decay(0.01, 9));
  Tape<T> tape;
  std::vector<std::size_t> counts;
  counts.reserve(3);
  for (int epoch = 0; epoch < 3; ++epoch) {
    const std::size_t before = allocation_count();
    for (const Batch<T>& batch : batches) {
      tape.rewind();
      tape.backward(criterion(model(tape.constant(batch.images)), batch.labels));
      nn::clip_grad_norm(model, tape, 0.1);
      optimizer.step(model, tape);
    }
    counts.push_back(allocation_count() - before);
  }
  return counts;
}

template <class T>
nn::Sequential<T> deep(xtape::Rng& rng) {
  nn::Sequential<T> model{nn::Linear<T>(48, 32, rng), nn::Dropout(0.1)};
  for (int i = 0; i < 18; ++i) {
    model.push_back(nn::Linear<T>(32, 32, rng));
    model.push_back(nn::Sigmoid{});
  }
  model.push_back(nn::Sequential<T>{nn::Linear<T>(32, 10, rng)});
  return model;
}

}  // namespace

TEMPLATE_TEST_CASE("Training allocates nothing after the first epoch", "[nn]", float, double) {
  using T = TestType;
  if (!counts_allocations()) {
    XTAPE_SKIP("SKIPPED: a sanitizer has replaced operator new in this build");
  }
  xtape::Rng rng;
  // Large enough for threads, and in double only, because oneDNN allocates in float products of
  // this size.
  const std::size_t width = sizeof(T) == sizeof(double) ? 1024 : 64;
  const nn::Sequential<T> shallow{nn::Linear<T>(48, width, rng), nn::Sigmoid{},
                                  nn::Linear<T>(width, 10, rng)};
  const auto check = [](const std::vector<std::size_t>& counts) {
    CHECK(counts[0] > 0);
    CHECK(counts[1] == 0);
    CHECK(counts[2] == 0);
  };
  for (const nn::Sequential<T>& model : {shallow, deep<T>(rng)}) {
    check(allocations(model, nn::SGD<T>({.momentum = 0.9})));
    check(allocations(model, nn::SGD<T>({.momentum = 0.9, .nesterov = true})));
    check(allocations(model, nn::Adam<T>()));
    check(allocations(model, nn::AdamW<T>()));
  }
}
