#include <cmath>
#include <vector>
#include <xtape.hpp>

#include "tests/examples/backprop/problem.hpp"
#include "tests/support/catch.hpp"

/// Section 5 of docs/backprop.md: what a layer's activation does to the gradient that passes it.

namespace {

namespace nn = xtape::nn;
using xtape::Variable;
using Activation = Variable<double> (*)(Variable<double>);

double norm(const Array<double>& array) {
  double squares = 0;
  for (const double element : array.storage()) {
    squares += element * element;
  }
  return std::sqrt(squares);
}

/// By what factor the gradient shrinks for each of ten hidden layers of 128: the tenth root of
/// |dz of the first hidden layer| / |dz of the output|.
template <class Initializer>
double factor_per_layer(Activation activation, Initializer initialize) {
  constexpr std::size_t depth = 10, width = 128, classes = 10;
  Rng rng{1};
  std::vector<nn::Linear<double>> hidden;
  for (std::size_t i = 0; i < depth; ++i) {
    hidden.emplace_back(width, width, rng, initialize);
  }
  const nn::Linear<double> output(width, classes, rng);
  std::vector<std::size_t> labels(64);
  for (std::size_t& label : labels) {
    label = rng.below(classes);
  }

  xtape::Tape<double> tape;
  tape.keep_gradients(true);
  std::vector<Variable<double>> z{
      hidden[0](tape.constant(random_normal<double>({64, width}, rng)))};
  for (std::size_t i = 1; i < depth; ++i) {
    z.push_back(hidden[i](activation(z.back())));
  }
  z.push_back(output(activation(z.back())));
  tape.backward(softmax_cross_entropy(z.back(), labels));
  return std::pow(norm(z.front().grad()) / norm(z.back().grad()), 1. / depth);
}

}  // namespace

TEST_CASE("backprop 5: a layer of sigmoids leaves a quarter of the gradient") {
  const double factor = factor_per_layer(xtape::sigmoid<double>, nn::GlorotUniform{});
  CHECK(factor > 0.2);
  CHECK(factor < 0.3);
}

TEST_CASE("backprop 5: layers of tanh and of rectifiers keep the gradient's size") {
  const auto leaky_relu = [](Variable<double> z) { return xtape::leaky_relu(z); };
  CHECK(factor_per_layer(xtape::tanh<double>, nn::GlorotUniform{}) == Approx(1).epsilon(0.15));
  CHECK(factor_per_layer(xtape::relu<double>, nn::HeUniform{}) == Approx(1).epsilon(0.15));
  CHECK(factor_per_layer(leaky_relu, nn::HeUniform{}) == Approx(1).epsilon(0.15));
}

TEST_CASE("backprop 5: the derivatives of tanh, ReLU and leaky ReLU") {
  const auto derivative = [](Activation activation, double z) {
    xtape::Tape<double> tape;
    tape.keep_gradients(true);
    const auto x = tape.variable(z);
    tape.backward(activation(x));
    return x.grad()();
  };
  const auto leaky_relu = [](Variable<double> z) { return xtape::leaky_relu(z, 0.01); };
  for (double z : {-3., -0.5, 0.25, 2.}) {
    const double at_tanh = derivative(xtape::tanh<double>, z);
    CHECK(at_tanh == Approx(slope([&] { return std::tanh(z); }, z)));
    CHECK(at_tanh == Approx(1 - std::tanh(z) * std::tanh(z)));
    CHECK(std::tanh(z) == Approx(2 / (1 + std::exp(-2 * z)) - 1));
    CHECK(derivative(xtape::relu<double>, z) == (z > 0 ? 1 : 0));
    CHECK(derivative(leaky_relu, z) == (z > 0 ? 1 : 0.01));
  }
  CHECK(derivative(xtape::tanh<double>, 0) == 1);
  CHECK(derivative(xtape::relu<double>, 0) == 0);
  CHECK(derivative(leaky_relu, 0) == 0.01);
}
