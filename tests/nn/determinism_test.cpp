#include <vector>

#include "nn/data/batches.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/linear.hpp"
#include "nn/losses.hpp"
#include "nn/optim/adam.hpp"
#include "nn/optim/sgd.hpp"
#include "nn/sequential.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/datasets.hpp"
#include "tests/support/models.hpp"
#include "tests/support/threads.hpp"

namespace nn = xtape::nn;

namespace {

/// Every weight after two epochs with a ragged last batch. The layers are wide enough for every
/// kernel to share its work among threads.
template <class Optimizer>
std::vector<float> trained_weights(Optimizer optimizer, std::uint64_t seed) {
  xtape::Rng rng{seed};
  const nn::Dataset data = random_images(300, {28, 28}, rng);
  nn::Sequential<float> model{nn::Linear(784, 512, rng), nn::Sigmoid{}, nn::Dropout(0.1),
                              nn::Linear(512, 300, rng), nn::ReLU{},    nn::Linear(300, 10, rng)};
  const nn::SoftmaxCrossEntropy criterion;
  nn::Batches batches(data, 64, rng);
  xtape::Tape<float> tape;
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
  for (const std::size_t count : {1UL, 2UL, 3UL}) {
    INFO(count << " threads");
    const Threads threads(count);
    const auto sgd = [](std::uint64_t seed) {
      return trained_weights(nn::SGD<float>({.learning_rate = 0.1, .momentum = 0.9}), seed);
    };
    const auto adam = [](std::uint64_t seed) {
      return trained_weights(nn::Adam<float>({.learning_rate = 1e-3}), seed);
    };
    const std::vector<float> weights = sgd(5);
    CHECK((weights == sgd(5)));
    CHECK((weights != sgd(6)));
    CHECK((adam(5) == adam(5)));
  }
}
