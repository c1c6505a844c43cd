#include <fmt/format.h>
#include <nn/datasets/mnist.hpp>
#include <xtape.hpp>

namespace nn = xtape::nn;

/// Trains a network to read handwritten digits. It reads 98 of 100 new digits correctly. The first
/// argument may name the folder of MNIST. Without it, the program finds or downloads the data.
int main(int argc, char** argv) try {
  const nn::Mnist mnist = nn::mnist({.folder = argc > 1 ? argv[1] : ""});
  xtape::Rng rng{42};
  nn::Sequential model{nn::Linear(28 * 28, 128, rng), nn::ReLU{}, nn::Linear(128, 10, rng)};
  nn::SoftmaxCrossEntropy criterion;
  nn::Batches batches(mnist.train, 64, rng);
  nn::SGD sgd({.learning_rate = nn::cosine_decay(0.1, 10 * batches.size()), .momentum = 0.9});
  xtape::Tape tape;
  fmt::print("{}\n", model.table());

  for (nn::Epoch& epoch : nn::Epochs({.epochs = 10}, model, sgd, tape, batches)) {
    for (const auto& batch : epoch) {
      tape.rewind();
      const auto loss = criterion(model(tape.constant(batch.inputs)), batch.targets);
      tape.backward(loss);
      sgd.step(model, tape);
      epoch.add(loss);
    }
    epoch.end(nn::evaluate(model, mnist.test, tape));
  }
  nn::save_weights("mnist.safetensors", model);
  fmt::print("{:.2f} % of the test images right, weights in mnist.safetensors\n",
             100 * nn::evaluate(model, mnist.test, tape).accuracy());
} catch (const xtape::Error& error) {
  fmt::print(stderr, "06_mnist: {}\n", error.what());
  return 1;
}
