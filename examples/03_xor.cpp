// A network learns XOR. No straight line separates its classes, so it needs a hidden layer.

#include <fmt/core.h>
#include <xtape.hpp>

namespace nn = xtape::nn;

int main() {
  const xtape::Array<float> points{{0, 0}, {0, 1}, {1, 0}, {1, 1}};
  const int labels[] = {0, 1, 1, 0};  // the class of each point: are its coordinates different?

  xtape::Rng rng(42);
  nn::Sequential model{nn::Linear(2, 8, rng), nn::Tanh{}, nn::Linear(8, 2, rng)};
  fmt::print("{}\n", model.table());

  nn::SoftmaxCrossEntropy criterion;
  nn::Adam adam({.learning_rate = 0.05});

  xtape::Tape tape;
  for (int step = 0; step < 200; ++step) {
    tape.rewind();
    const auto loss = criterion(model(tape.constant(points)), labels);
    tape.backward(loss);
    adam.step(model, tape);
  }

  // Under NoGrad, the same call computes the output and records no gradients.
  tape.rewind();
  const xtape::NoGrad guard{tape};
  const auto logits = model(tape.constant(points));
  const auto probability = softmax(logits);
  for (std::size_t i = 0; i < 4; ++i) {
    fmt::print("{:.0f} xor {:.0f}: {:.0f}\n", points(i, 0), points(i, 1),
               probability.value()(i, 1));
  }
  fmt::print("{:.0f} % right\n", 100 * nn::accuracy(logits.value(), labels));
}
