#include <cstdio>
#include <vector>
#include <xtape.hpp>

namespace nn = xtape::nn;

struct Mlp {
  nn::Linear<float> hidden, output;
  auto operator()(xtape::Variable<float> x) const { return output(sigmoid(hidden(x))); }
  static void visit(auto& self, auto&& f) { f("hidden", self.hidden), f("output", self.output); }
};

/// The loss after `model` was taught XOR.
double learn_xor(auto& model) {
  const xtape::Array<float> inputs{{0, 0}, {0, 1}, {1, 0}, {1, 1}};
  const std::vector<int> labels{0, 1, 1, 0};
  nn::SoftmaxCrossEntropy criterion;
  nn::SGD sgd({.learning_rate = 0.5, .momentum = 0.9});
  double last = 0;
  xtape::Tape tape;
  for (int step = 0; step < 500; ++step) {
    tape.rewind();
    auto loss = criterion(model(tape.constant(inputs)), labels);
    tape.backward(loss);
    sgd.step(model, tape);
    last = static_cast<double>(loss.value()());
  }
  return last;
}

/// What a user's first programs do: fails when a model does not learn.
int main() {
  xtape::Rng rng{42};
  nn::Sequential layers{nn::Linear(2, 8, rng), nn::Sigmoid{}, nn::Linear(8, 2, rng)};
  Mlp module{{2, 8, rng}, {8, 2, rng}};
  const double losses[] = {learn_xor(layers), learn_xor(module)};
  std::printf("xtape %s learnt XOR, losses %.4f and %.4f\n", xtape::version(), losses[0],
              losses[1]);
  return losses[0] < 0.01 && losses[1] < 0.01 ? 0 : 1;
}
