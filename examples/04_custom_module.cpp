// This program defines its own module and its own op.

#include <fmt/core.h>

#include <cmath>
#include <span>
#include <vector>
#include <xtape.hpp>

namespace nn = xtape::nn;
using xtape::Variable;

// An op is one function: what it computes, an xtensor expression, and beside it how its gradient
// flows back. y = x / (1 + |x|), dy/dx = 1 / (1 + |x|)^2
Variable<float> softsign(Variable<float> x) {
  return xtape::define("softsign", {x}, x.value() / (1.f + xt::abs(x.value())),
                       [=](auto y) { return y.grad() / xt::square(1.f + xt::abs(x.value())); });
}

// A module is any class with members, a call, and one line that names the members.
struct Mlp {
  nn::Linear<float> hidden, output;

  auto operator()(Variable<float> x) const { return output(softsign(hidden(x))); }
  static void visit(auto& self, auto&& f) { f("hidden", self.hidden), f("output", self.output); }
};

int main() {
  // The task: whether a point of the square [-1, 1]^2 lies in the circle of radius 0.8.
  xtape::Rng rng(42);
  xtape::Array<float> points(xtape::Shape{500, 2});
  rng.fill_uniform(std::span(points.storage()), -1, 1);
  std::vector<int> inside;
  for (std::size_t i = 0; i < 500; ++i) {
    inside.push_back(std::hypot(points(i, 0), points(i, 1)) < 0.8f);
  }

  // Optimizers, and all functions that use parameters, work with the module.
  Mlp model{{2, 16, rng}, {16, 2, rng}};
  nn::for_each_parameter(model, [](const nn::ParameterName& name, const auto& array) {
    fmt::print("{:13} {}\n", name.str(), array.shape());
  });

  nn::SoftmaxCrossEntropy criterion;
  nn::Adam adam({.learning_rate = 0.02});
  xtape::Tape tape;
  for (int step = 0; step < 300; ++step) {
    tape.rewind();
    const auto loss = criterion(model(tape.constant(points)), inside);
    tape.backward(loss);
    adam.step(model, tape);
  }
  tape.rewind();
  const double share = nn::accuracy(model(tape.constant(points)).value(), inside);
  fmt::print("more than 95 % right: {}\n", share > 0.95);
}
