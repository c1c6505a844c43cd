#include "examples/mnist/training.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>

#include "examples/mnist/output.hpp"

namespace mnist {
namespace {

namespace nn = xtape::nn;

nn::Schedule learning_rates(const Recipe& recipe, std::size_t steps) {
  return recipe.decay ? nn::linear_decay(recipe.learning_rate, steps)
                      : nn::constant(recipe.learning_rate);
}

}  // namespace

void train(nn::Sequential<float>& network, const Recipe& recipe, const nn::Mnist& mnist,
           xtape::Rng& rng) {
  nn::Batches batches(mnist.train, recipe.batch_size, rng);
  const nn::Schedule learning_rate = learning_rates(recipe, recipe.epochs * batches.size());
  const nn::SoftmaxCrossEntropy criterion;
  nn::SGD sgd({.learning_rate = recipe.learning_rate, .momentum = recipe.momentum});
  xtape::Tape tape;

  fmt::print("epoch    loss  test accuracy  seconds  samples/s\n");
  std::size_t step = 0;
  for (std::size_t epoch = 1; epoch <= recipe.epochs; ++epoch) {
    const auto start = std::chrono::steady_clock::now();
    double total_loss = 0;
    for (const auto& batch : batches) {
      tape.rewind();
      const auto loss = criterion(network(tape.constant(batch.images)), batch.labels);
      tape.backward(loss);
      sgd.options.learning_rate = learning_rate(step++);
      sgd.step(network, tape);
      total_loss += static_cast<double>(loss.item()) * static_cast<double>(batch.size());
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    const auto samples = static_cast<double>(mnist.train.size());
    xtape::require<xtape::Error>(std::isfinite(total_loss),
                                 "the loss is {} after epoch {}: try a smaller --learning-rate",
                                 total_loss, epoch);
    const double accuracy = nn::evaluate(network, mnist.test, tape).accuracy();
    fmt::print("{:5}  {:6.4f}  {:11.2f} %  {:7.2f}  {:9.0f}\n", epoch, total_loss / samples,
               100 * accuracy, seconds.count(), samples / seconds.count());
    flush_output();
  }
}

}  // namespace mnist
