#include <cstddef>
#include <latch>
#include <thread>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "nn/data/batches.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/linear.hpp"
#include "nn/losses.hpp"
#include "nn/optim/adam.hpp"
#include "nn/optim/sgd.hpp"
#include "nn/sequential.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/datasets.hpp"
#include "tests/support/models.hpp"
#include "tests/support/threads.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Tape;

namespace {

/// Returns every weight after two epochs with a ragged last batch. The layers are wide enough for
/// every kernel to share its work among threads.
template <class Optimizer>
std::vector<float> trained_weights(Optimizer optimizer, std::uint64_t seed) {
  xtape::Rng rng{seed};
  const nn::Dataset data = random_images(300, {28, 28}, rng);
  nn::Sequential<float> model{nn::Linear(784, 512, rng), nn::Sigmoid{}, nn::Dropout(0.1),
                              nn::Linear(512, 300, rng), nn::ReLU{},    nn::Linear(300, 10, rng)};
  const nn::SoftmaxCrossEntropy criterion;
  nn::Batches batches(data, 64, rng);
  Tape<float> tape;
  for (int epoch = 0; epoch < 2; ++epoch) {
    for (const auto& batch : batches) {
      tape.rewind();
      tape.backward(criterion(model(tape.constant(batch.inputs)), batch.targets));
      optimizer.step(model, tape);
    }
  }
  return numbers_of(model);
}

}  // namespace

TEST_CASE("Two runs with one seed and as many threads end with the same bits", "[nn][threads]") {
  const nn::SGD<float> sgd({.learning_rate = 0.1, .momentum = 0.9});
  const nn::Adam<float> adam({.learning_rate = 1e-3});
  for (const std::size_t count : {1UL, 2UL, 3UL}) {
    INFO(count << " threads");
    const Threads threads(count);
    const std::vector<float> weights = trained_weights(sgd, 5);
    CHECK((weights == trained_weights(sgd, 5)));
    CHECK((weights != trained_weights(sgd, 6)));
    CHECK((trained_weights(adam, 5) == trained_weights(adam, 5)));
  }
}

TEMPLATE_TEST_CASE("64 threads share a const model, each with a tape of its own", "[nn][threads]",
                   float, double) {
  using T = TestType;
  constexpr std::size_t count = 64;
  xtape::Rng rng{10};
  const nn::Sequential<T> model{nn::Linear<T>(100, 80, rng), nn::Sigmoid{},
                                nn::Linear<T>(80, 30, rng), nn::Dropout(0.5),
                                nn::Linear<T>(30, 10, rng)};
  // Products that the libraries compute in parallel, and products that are too small for that.
  std::vector<std::vector<Array<T>>> batches(2);
  for (const std::size_t images : {64UL, 1UL, 7UL, 128UL, 64UL}) {
    for (auto& each : batches) {
      each.push_back(random_integers<T>({images, 100}, rng));
    }
  }
  const auto gradients = [&](std::size_t thread) {
    std::vector<std::vector<T>> all;
    Tape<T> tape;
    for (const Array<T>& batch : batches[thread % 2]) {
      tape.rewind();
      const auto logits = model(tape.constant(batch));
      const std::vector<int> labels(batch.shape()[0], 3);
      tape.backward(nn::SoftmaxCrossEntropy{}(logits, labels) + mean(square(logits)));
      nn::for_each_parameter(model, [&](const nn::ParameterName&, const Array<T>& parameter) {
        all.push_back(elements(tape.grad(parameter)));
      });
    }
    return all;
  };
  std::vector<std::vector<std::vector<T>>> together(count);
  std::latch all_there(count);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < count; ++i) {
      threads.emplace_back([&, i] {
        all_there.arrive_and_wait();
        together[i] = gradients(i);
      });
    }
  }
  const std::vector<std::vector<T>> alone[2] = {gradients(0), gradients(1)};
  for (std::size_t i = 0; i < count; ++i) {
    CHECK(together[i] == alone[i % 2]);
  }
}
