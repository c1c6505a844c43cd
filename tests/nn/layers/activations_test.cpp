#include "nn/layers/activations.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/flatten.hpp"

#include <algorithm>

#include "autograd/no_grad.hpp"
#include "nn/losses.hpp"
#include "nn/sequential.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;
using xtape::Tape;

namespace {

template <class T>
Array<T> numbers() {
  return array_of<T>({2, 3}, {-2, -0.5, 0, 0.25, 1, 3});
}

}  // namespace

TEMPLATE_TEST_CASE("Layers without parameters are the ops of their names", "[nn]", float, double) {
  Tape<TestType> tape;
  const auto x = tape.constant(numbers<TestType>());
  CHECK((nn::Sigmoid{}(x).value() == sigmoid(x).value()));
  CHECK((nn::Tanh{}(x).value() == tanh(x).value()));
  CHECK((nn::ReLU{}(x).value() == relu(x).value()));
  CHECK((nn::LeakyReLU{}(x).value() == leaky_relu(x, TestType(0.01)).value()));
  CHECK((nn::LeakyReLU{0.5}(x).value() == leaky_relu(x, TestType(0.5)).value()));
  CHECK((nn::ELU{}(x).value() == elu(x, TestType(1)).value()));
  CHECK((nn::ELU{0.5}(x).value() == elu(x, TestType(0.5)).value()));
  CHECK((nn::SiLU{}(x).value() == (x * sigmoid(x)).value()));
  CHECK((nn::GELU{}(x).value() == gelu(x).value()));
  CHECK((nn::Softmax{}(x).value() == softmax(x).value()));
  CHECK((nn::Softplus{}(x).value() == softplus(x).value()));
  CHECK((nn::LogSoftmax{}(x).value() == log_softmax(x).value()));
}

TEMPLATE_TEST_CASE("Losses as modules are the ops of their names", "[nn]", float, double) {
  using xtape::Reduction;
  Tape<TestType> tape;
  const auto x = tape.constant(numbers<TestType>());
  const auto y = tape.constant(array_of<TestType>({2, 3}, {0, 1, 0, 0.5, 0.25, 0.25}));
  const std::vector<int> labels{1, 2};
  CHECK(nn::MSE{}(x, y).item() == mse(x, y).item());
  CHECK(nn::MSE{Reduction::sum}(x, y).item() == mse(x, y, Reduction::sum).item());
  const nn::SoftmaxCrossEntropy mean, sum{Reduction::sum};
  CHECK(mean(x, labels).item() == softmax_cross_entropy(x, labels).item());
  CHECK(sum(x, labels).item() == softmax_cross_entropy(x, labels, Reduction::sum).item());
  CHECK(mean(x, y).item() == softmax_cross_entropy(x, y).item());
  CHECK(sum(x, y).item() == softmax_cross_entropy(x, y, Reduction::sum).item());
  CHECK(mean(x, {1, 2}).item() == Approx(static_cast<double>(sum(x, {1, 2}).item()) / 2));
}

TEST_CASE("Flatten keeps the first axis", "[nn]") {
  Tape<double> tape;
  const auto shape = [&](const Shape& from) {
    return xtape::to_string(nn::Flatten{}(tape.constant(Array<double>(from, 1.0))).shape());
  };
  CHECK(shape({2, 3, 4}) == "(2, 12)");
  CHECK(shape({5, 7}) == "(5, 7)");
  CHECK(shape({5}) == "(5, 1)");
  CHECK(shape({0, 2, 3}) == "(0, 6)");
  CHECK_FAILS(nn::Flatten{}(tape.constant(1)), xtape::ShapeError,
              "Flatten: expected (batch, ...), got ()");

  xtape::Rng rng;
  const auto x = random_integers<double>({2, 3, 4}, rng);
  CHECK(elements(nn::Flatten{}(tape.constant(x)).value()) == elements(x));
}

TEST_CASE("Dropout drops in training and is the identity under NoGrad", "[nn]") {
  const nn::Dropout dropout(0.25);
  Tape<double> tape;
  const auto x = tape.variable(Array<double>(Shape{100, 100}, 3.0));
  const auto y = elements(dropout(x).value());
  const auto dropped = std::count(y.begin(), y.end(), 0.0);
  CHECK(dropped > 2300);
  CHECK(dropped < 2700);
  CHECK(std::count(y.begin(), y.end(), 4.0) == 10000 - dropped);
  CHECK_FALSE(elements(dropout(x).value()) == y);

  const auto state = tape.rng().state();
  const xtape::NoGrad guard{tape};
  CHECK((dropout(x).value() == x.value()));
  CHECK(tape.rng().state() == state);
}

TEST_CASE("Dropout repeats with the tape's seed, and refuses rates that are none", "[nn]") {
  const nn::Dropout dropout(0.5);
  const Array<float> x(Shape{10, 10}, 1.f);
  const auto run = [&](std::uint64_t seed) {
    Tape tape;
    tape.rng() = xtape::Rng{seed};
    return elements(dropout(tape.variable(x)).value());
  };
  CHECK(run(1) == run(1));
  CHECK_FALSE(run(1) == run(2));
  CHECK_FAILS(nn::Dropout(2), xtape::ValueError, "Dropout: expected a rate in [0, 1], got 2");
  CHECK_FAILS(nn::Dropout(-0.5), xtape::ValueError, "Dropout: expected a rate in [0, 1], got -0.5");
  CHECK_NOTHROW(nn::Dropout(0));
  CHECK_NOTHROW(nn::Dropout(1));
}

TEST_CASE("Layers describe themselves", "[nn]") {
  const auto describe = [](const nn::Layer<float>& layer) { return layer.describe(); };
  CHECK(describe(nn::Sigmoid{}) == "Sigmoid");
  CHECK(describe(nn::GELU{}) == "GELU");
  CHECK(describe(nn::Flatten{}) == "Flatten");
  CHECK(describe(nn::LeakyReLU{0.2}) == "LeakyReLU 0.2");
  CHECK(describe(nn::ELU{}) == "ELU 1");
  CHECK(describe(nn::Dropout(0.5)) == "Dropout 0.5");
}
