#include <cstdio>
#include <vector>

#include <xtape.hpp>

namespace nn = xtape::nn;

/// Learns XOR with what a user's first program would use; fails when the loss stays high.
int main() {
  xtape::Rng rng{42};
  nn::Sequential model{nn::Linear(2, 8, rng), nn::Sigmoid{}, nn::Linear(8, 2, rng)};
  nn::SoftmaxCrossEntropy criterion;
  nn::SGD sgd({.learning_rate = 0.5f, .momentum = 0.9f});

  const xtape::Array<float> inputs{{0, 0}, {0, 1}, {1, 0}, {1, 1}};
  const std::vector<int> labels{0, 1, 1, 0};
  float last = 0;
  xtape::Tape tape;
  for (int step = 0; step < 500; ++step) {
    tape.rewind();
    auto loss = criterion(model(tape.constant(inputs)), labels);
    tape.backward(loss);
    sgd.step(model, tape);
    last = loss.value()();
  }
  std::printf("xtape %s learnt XOR, loss %.4f\n", xtape::version(), last);
  return last < 0.01f ? 0 : 1;
}
