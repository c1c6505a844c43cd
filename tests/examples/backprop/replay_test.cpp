#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>
#include <xtape.hpp>

#include "examples/backprop/dense.hpp"
#include "nn/data/batches.hpp"
#include "nn/optim/sgd.hpp"
#include "nn/train/metrics.hpp"
#include "tests/examples/backprop/agreement.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/mnist_data.hpp"
#include "tests/support/models.hpp"

/// The reference run again: 784-16-10 in double from given weights, 200 steps of plain SGD at rate
/// 0.5 over batches of 64 in the order of the files, computed with NumPy.

namespace {

namespace nn = xtape::nn;
using xtape::Array;

constexpr std::size_t steps = 200, batch_size = 64;
constexpr double learning_rate = 0.5;

/// The parameters of the two layers, or something of the same shapes.
using Layers = std::vector<by_hand::Weights<double>>;

Array<double> read_array(const std::filesystem::path& path) {
  Array<double> array;
  nn::read_npy(path)(array);
  return array;
}

Layers read_layers(const std::filesystem::path& folder, const std::string& prefix) {
  const auto read = [&](const char* name) { return read_array(folder / (prefix + name + ".npy")); };
  return {{read("w1"), read("b1")}, {read("w2"), read("b2")}};
}

/// What a run leaves: the loss before each step, the gradients of the first, the weights at the
/// end.
struct Outcome {
  Array<double> losses{xtape::Shape{steps}};
  Layers first_gradients, weights;
};

/// The greatest disagreement of any of the parameters.
double greatest_disagreement(const Layers& a, const Layers& b) {
  double greatest = 0;
  for (std::size_t l = 0; l < 2; ++l) {
    greatest = std::max(
        {greatest, disagreement(a.at(l).w, b.at(l).w), disagreement(a.at(l).b, b.at(l).b)});
  }
  return greatest;
}

void check(const Outcome& run, const std::filesystem::path& oracle) {
  const Array<double> losses = read_array(oracle / "losses.npy");
  REQUIRE((losses.shape() == run.losses.shape()));
  double worst = 0;
  for (std::size_t step = 0; step < steps; ++step) {
    worst = std::max(worst, std::abs(run.losses(step) / losses(step) - 1));
  }
  CHECK(worst < 1e-10);
  CHECK(greatest_disagreement(run.first_gradients, read_layers(oracle, "grad_")) < 1e-12);
  CHECK(greatest_disagreement(run.weights, read_layers(oracle, "final_")) < 1e-9);
}

/// What `of` gives for each parameter.
template <class Of>
Layers each_parameter(const nn::Sequential<double>& model, Of of) {
  std::vector<Array<double>> arrays;
  nn::for_each_parameter(model, [&](const nn::ParameterName&, const Array<double>& array) {
    arrays.push_back(of(array));
  });
  return {{arrays.at(0), arrays.at(1)}, {arrays.at(2), arrays.at(3)}};
}

}  // namespace

TEST_CASE("the reference run on MNIST is repeated by the tape") {
  ORACLE_OR_SKIP(oracle);
  MNIST_OR_SKIP(folder);
  const nn::Dataset train = nn::read_mnist(folder).train;
  const Layers layers = read_layers(oracle, "");
  nn::Sequential<double> model{linear_of(layers[0].w, layers[0].b), nn::Sigmoid{},
                               linear_of(layers[1].w, layers[1].b)};
  const nn::SoftmaxCrossEntropy criterion;
  nn::SGD<double> sgd({.learning_rate = learning_rate});

  Outcome run;
  xtape::Tape<double> tape;
  for (const auto& batch : nn::Batches(train, batch_size)) {
    tape.rewind();
    const auto loss = criterion(model(tape.constant(batch.inputs)), batch.targets);
    tape.backward(loss);
    if (sgd.steps() == 0) {
      run.first_gradients =
          each_parameter(model, [&](const Array<double>& array) { return tape.grad(array); });
    }
    run.losses(sgd.steps()) = loss.item();
    sgd.step(model, tape);
    if (sgd.steps() == steps) {
      break;
    }
  }
  run.weights = each_parameter(model, [](const Array<double>& array) { return array; });
  check(run, oracle);
}

TEST_CASE("the reference run on MNIST is repeated by the formulas derived by hand") {
  ORACLE_OR_SKIP(oracle);
  MNIST_OR_SKIP(folder);
  const nn::Dataset train = nn::read_mnist(folder).train;
  Outcome run;
  by_hand::Network<double> network{read_layers(oracle, ""),
                                   by_hand::find_activation<double>("sigmoid")};

  std::size_t step = 0;
  Array<double> x;
  for (const auto& batch : nn::Batches(train, batch_size)) {
    batch.inputs(x);
    x.reshape(xtape::Shape{batch.size(), 784});
    const auto [loss, dz, dw, db] =
        by_hand::backprop(network, x, nn::one_hot<double>(batch.targets, 10));
    if (step == 0) {
      run.first_gradients = {{dw[0], db[0]}, {dw[1], db[1]}};
    }
    run.losses(step) = loss;
    for (std::size_t l = 0; l < 2; ++l) {
      network.layers[l].w -= learning_rate * dw[l];
      network.layers[l].b -= learning_rate * db[l];
    }
    if (++step == steps) {
      break;
    }
  }
  run.weights = network.layers;
  check(run, oracle);
}
