#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>
#include <xtape.hpp>

#include "examples/mnist/backprop.hpp"
#include "nn/batches.hpp"
#include "nn/metrics.hpp"
#include "nn/sgd.hpp"
#include "tests/catch.hpp"
#include "tests/examples/agreement.hpp"
#include "tests/mnist_data.hpp"
#include "tests/npy.hpp"

/// The reference run again: 784-16-10 in double from given weights, 200 steps of plain SGD at rate
/// 0.5 over batches of 64 in the order of the files, computed with NumPy.

namespace {

namespace nn = xtape::nn;
using xtape::Array;

constexpr std::size_t steps = 200, batch_size = 64;
constexpr double learning_rate = 0.5;

mnist::Weights<double> read_weights(const std::filesystem::path& folder,
                                    const std::string& prefix) {
  const auto read = [&](const char* name) { return read_npy(folder / (prefix + name + ".npy")); };
  return {read("w1"), read("b1"), read("w2"), read("b2")};
}

/// What a run leaves: the loss before each step, the gradients of the first, the weights at the
/// end.
struct Run {
  Array<double> losses{xtape::Shape{steps}};
  mnist::Weights<double> first_gradients, weights;
};

void check(const Run& run, const std::filesystem::path& oracle) {
  const Array<double> losses = read_npy(oracle / "losses.npy");
  REQUIRE((losses.shape() == run.losses.shape()));
  double worst = 0;
  for (std::size_t step = 0; step < steps; ++step) {
    worst = std::max(worst, std::abs(run.losses(step) / losses(step) - 1));
  }
  CHECK(worst < 1e-10);

  const auto gradients = read_weights(oracle, "grad_");
  CHECK(disagreement(run.first_gradients.w1, gradients.w1) < 1e-12);
  CHECK(disagreement(run.first_gradients.b1, gradients.b1) < 1e-12);
  CHECK(disagreement(run.first_gradients.w2, gradients.w2) < 1e-12);
  CHECK(disagreement(run.first_gradients.b2, gradients.b2) < 1e-12);

  const auto weights = read_weights(oracle, "final_");
  CHECK(disagreement(run.weights.w1, weights.w1) < 1e-9);
  CHECK(disagreement(run.weights.b1, weights.b1) < 1e-9);
  CHECK(disagreement(run.weights.w2, weights.w2) < 1e-9);
  CHECK(disagreement(run.weights.b2, weights.b2) < 1e-9);
}

nn::Linear<double> linear_of(const Array<double>& weight, const Array<double>& bias) {
  xtape::Rng unused;
  nn::Linear<double> layer(weight.shape()[0], weight.shape()[1], unused);
  layer.weight = weight;
  layer.bias = bias;
  return layer;
}

mnist::Weights<double> parameters_of(const nn::Sequential<double>& model) {
  std::vector<Array<double>> arrays;
  nn::for_each_parameter(model, [&](const nn::ParameterName&, const Array<double>& array) {
    arrays.push_back(array);
  });
  return {arrays.at(0), arrays.at(1), arrays.at(2), arrays.at(3)};
}

mnist::Weights<double> gradients_of(const nn::Sequential<double>& model,
                                    const xtape::Tape<double>& tape) {
  std::vector<Array<double>> arrays;
  nn::for_each_parameter(model, [&](const nn::ParameterName&, const Array<double>& array) {
    arrays.push_back(tape.grad(array));
  });
  return {arrays.at(0), arrays.at(1), arrays.at(2), arrays.at(3)};
}

}  // namespace

TEST_CASE("the reference run on MNIST is repeated by the tape") {
  ORACLE_OR_SKIP(oracle);
  MNIST_OR_SKIP(folder);
  const nn::Dataset train = nn::read_mnist(folder).train;
  const auto [w1, b1, w2, b2] = read_weights(oracle, "");
  nn::Sequential<double> model{linear_of(w1, b1), nn::Sigmoid{}, linear_of(w2, b2)};
  const nn::SoftmaxCrossEntropy criterion;
  nn::SGD<double> sgd({.learning_rate = learning_rate});

  Run run;
  xtape::Tape<double> tape;
  for (const auto& batch : nn::Batches(train, batch_size)) {
    tape.rewind();
    const auto loss = criterion(model(tape.constant(batch.images)), batch.labels);
    tape.backward(loss);
    if (sgd.steps() == 0) {
      run.first_gradients = gradients_of(model, tape);
    }
    run.losses(sgd.steps()) = loss.item();
    sgd.step(model, tape);
    if (sgd.steps() == steps) {
      break;
    }
  }
  run.weights = parameters_of(model);
  check(run, oracle);
}

TEST_CASE("the reference run on MNIST is repeated by the formulas derived by hand") {
  ORACLE_OR_SKIP(oracle);
  MNIST_OR_SKIP(folder);
  const nn::Dataset train = nn::read_mnist(folder).train;
  Run run;
  run.weights = read_weights(oracle, "");
  auto& [w1, b1, w2, b2] = run.weights;

  std::size_t step = 0;
  Array<double> x;
  for (const auto& batch : nn::Batches(train, batch_size)) {
    batch.images(x);
    const auto [loss, dz2, dw2, db2, dz1, dw1, db1] =
        mnist::backprop(run.weights, x, nn::one_hot<double>(batch.labels, 10));
    if (step == 0) {
      run.first_gradients = {dw1, db1, dw2, db2};
    }
    run.losses(step) = loss;
    w1 -= learning_rate * dw1;
    b1 -= learning_rate * db1;
    w2 -= learning_rate * dw2;
    b2 -= learning_rate * db2;
    if (++step == steps) {
      break;
    }
  }
  check(run, oracle);
}
