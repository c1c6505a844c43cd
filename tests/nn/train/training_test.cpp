#include <cmath>
#include <memory>
#include <vector>

#include "autograd/ops/arithmetic.hpp"
#include "autograd/ops/reductions.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/linear.hpp"
#include "nn/losses.hpp"
#include "nn/optim/adam.hpp"
#include "nn/optim/clip.hpp"
#include "nn/optim/schedule.hpp"
#include "nn/optim/sgd.hpp"
#include "nn/sequential.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;
using xtape::Tape;
using xtape::Variable;

namespace {

/// A user's own module.
struct Mlp {
  nn::Linear<float> hidden, output;

  auto operator()(Variable<float> x) const { return output(sigmoid(hidden(x))); }
  static void visit(auto& self, auto&& f) { f("hidden", self.hidden), f("output", self.output); }
};

const std::vector<int> xor_labels{0, 1, 1, 0};

/// Trains on the four cases of XOR; returns the last loss.
template <class T, class Model, class Optimizer>
double learn_xor(Model& model, Optimizer& optimizer, int steps) {
  const auto cases = array_of<T>({4, 2}, {0, 0, 0, 1, 1, 0, 1, 1});
  const nn::SoftmaxCrossEntropy criterion;
  Tape<T> tape;
  for (int step = 0; step < steps; ++step) {
    tape.rewind();
    tape.backward(criterion(model(tape.constant(cases)), xor_labels));
    optimizer.step(model, tape);
  }
  tape.rewind();
  return static_cast<double>(criterion(model(tape.constant(cases)), xor_labels).item());
}

}  // namespace

TEST_CASE("XOR is learnt by a Sequential, by a module of one's own, and in double", "[nn]") {
  xtape::Rng rng{1};
  nn::Sequential model{nn::Linear(2, 8, rng), nn::Tanh{}, nn::Linear(8, 2, rng)};
  nn::SGD sgd({.learning_rate = 0.5, .momentum = 0.9});
  CHECK(learn_xor<float>(model, sgd, 300) < 0.01);
  rng = xtape::Rng{1};
  Mlp mlp{nn::Linear(2, 8, rng), nn::Linear(8, 2, rng)};
  nn::AdamW adamw({.learning_rate = 0.05});
  CHECK(learn_xor<float>(mlp, adamw, 300) < 0.01);
  rng = xtape::Rng{1};
  nn::Sequential<double> exact{nn::Linear<double>(2, 8, rng, nn::HeNormal{}), nn::GELU{},
                               nn::Linear<double>(8, 2, rng)};
  nn::Adam<double> adam({.learning_rate = 0.05});
  CHECK(learn_xor<double>(exact, adam, 300) < 0.01);
}

TEST_CASE("XOR is learnt with one output and squared errors", "[nn]") {
  xtape::Rng rng{1};
  nn::Sequential model{nn::Linear(2, 8, rng), nn::Tanh{}, nn::Linear(8, 1, rng), nn::Sigmoid{}};
  const auto cases = array_of<float>({4, 2}, {0, 0, 0, 1, 1, 0, 1, 1});
  const auto targets = array_of<float>({4, 1}, {0, 1, 1, 0});
  nn::SGD sgd({.learning_rate = nn::warm_up(10, nn::cosine_decay(1, 500, 0.1)),
               .momentum = 0.9,
               .nesterov = true});
  Tape tape;
  for (int step = 0; step < 500; ++step) {
    tape.rewind();
    tape.backward(nn::MSE{}(model(tape.constant(cases)), tape.constant(targets)));
    nn::clip_grad_norm(model, tape, 1);
    sgd.step(model, tape);
  }
  tape.rewind();
  const Array<float>& learnt = model(tape.constant(cases)).value();
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(std::abs(learnt(i, 0) - targets(i, 0)) < 0.1);
  }
}

TEST_CASE("Linear regression finds the solution of least squares", "[nn]") {
  xtape::Rng rng{4};
  constexpr std::size_t rows = 50;
  Array<double> x(Shape{rows, 2}), y(Shape{rows, 1});
  for (std::size_t i = 0; i < rows; ++i) {
    x(i, 0) = rng.normal();
    x(i, 1) = rng.normal() + 0.5 * x(i, 0);
    y(i, 0) = 3 * x(i, 0) - 2 * x(i, 1) + 0.7 + 0.3 * rng.normal();
  }
  nn::Linear<double> model(2, 1, rng);
  nn::SGD<double> sgd({.learning_rate = 0.1, .momentum = 0.5});
  Tape<double> tape;
  for (int step = 0; step < 1000; ++step) {
    tape.rewind();
    tape.backward(mse(model(tape.constant(x)), tape.constant(y)));
    sgd.step(model, tape);
  }
  // There the residuals are orthogonal to both features and to the intercept, and nowhere else.
  double products[3] = {};
  for (std::size_t i = 0; i < rows; ++i) {
    const double prediction =
        model.weight(0, 0) * x(i, 0) + model.weight(1, 0) * x(i, 1) + model.bias(0);
    const double residual = y(i, 0) - prediction;
    products[0] += residual * x(i, 0);
    products[1] += residual * x(i, 1);
    products[2] += residual;
  }
  for (const double product : products) {
    CHECK(std::abs(product) < 1e-10);
  }
  CHECK(model.weight(0, 0) == Approx(3).epsilon(0.1));
  CHECK(model.weight(1, 0) == Approx(-2).epsilon(0.1));
  CHECK(model.bias(0) == Approx(0.7).epsilon(0.2));
}

TEST_CASE("Every optimizer descends a quadratic", "[nn]") {
  const nn::SGDOptions momentum{.learning_rate = 0.05, .momentum = 0.9},
      nesterov{.learning_rate = 0.05, .momentum = 0.9, .nesterov = true};
  std::vector<std::unique_ptr<nn::Optimizer<double>>> all;
  all.push_back(std::make_unique<nn::SGD<double>>(nn::SGDOptions{.learning_rate = 0.1}));
  all.push_back(std::make_unique<nn::SGD<double>>(momentum));
  all.push_back(std::make_unique<nn::SGD<double>>(nesterov));
  all.push_back(std::make_unique<nn::Adam<double>>(nn::AdamOptions{.learning_rate = 0.05}));
  all.push_back(std::make_unique<nn::AdamW<double>>(
      nn::AdamOptions{.learning_rate = 0.05, .weight_decay = 0.001}));

  for (std::size_t i = 0; i < all.size(); ++i) {
    CAPTURE(i);
    TwoParameters<double> model{{1, -2}, {3, 0.5, -1}};
    Tape<double> tape;
    const auto loss = [&] {
      const auto first = tape.parameter(model.first), second = tape.parameter(model.second);
      return sum(first * first * 2) + sum(second * second) * 0.5;
    };
    for (int step = 0; step < 400; ++step) {
      tape.rewind();
      tape.backward(loss());
      all[i]->step(model, tape);
    }
    tape.rewind();
    CHECK(loss().item() < 1e-4);  // it began at 15.125
  }
}
