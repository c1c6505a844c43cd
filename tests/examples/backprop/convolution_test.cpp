#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>
#include <xtape.hpp>

#include "examples/backprop/formulas.hpp"
#include "examples/backprop/layers.hpp"
#include "examples/mnist/network.hpp"
#include "tests/examples/backprop/agreement.hpp"
#include "tests/examples/backprop/problem.hpp"
#include "tests/support/catch.hpp"

/// docs/convolution.md, section by section: each formula beside another way to compute it, the
/// tape, or central differences.

namespace {

using by_hand::Backward;
using by_hand::Layer;
using by_hand::Values;
using xtape::Tape;
using xtape::Variable;

Values random_values(const Shape& shape, std::uint64_t seed) {
  Rng rng{seed};
  return random_normal<double>(shape, rng);
}

double dot(const Values& a, const Values& b) { return xt::sum(a * b)(); }

/// The gradient of sum(dy y) with respect to each element of x, by central differences.
Values slopes_of(const Layer& layer, Values x, const Values& dy) {
  return slopes([&] { return dot(layer.forward(x), dy); }, x);
}

/// The same image, moved to the right by one pixel. Its last column was 0.
Values moved(const Values& x) {
  Values result(x.shape(), 0.);
  for (std::size_t i = 0; i + x.shape()[3] < x.size(); ++i) {
    result.data()[i + x.shape()[3]] = x.data()[i];
  }
  return result;
}

/// Weights turned by 180 degrees, with the channels exchanged: (p, q, o, c).
Values turned(const Values& w) {
  const Shape& k = w.shape();
  Values result(Shape{k[0], k[1], k[3], k[2]});
  for_each_index(k, [&](const auto& at) {
    result(k[0] - 1 - at[0], k[1] - 1 - at[1], at[3], at[2]) = w(at[0], at[1], at[2], at[3]);
  });
  return result;
}

/// Checks dx against central differences.
void check_dx(const Layer& layer, const Values& x) {
  const Values dy = random_values(layer.forward(x).shape(), 9);
  CHECK(disagreement(layer.backward(x, dy).dx, slopes_of(layer, x, dy)) < 1e-8);
}

}  // namespace

TEST_CASE("convolution 1: the network of the recipe has 80,250 parameters") {
  Rng rng{1};
  const auto network = mnist::make_network<double>(mnist::find_recipe("cnn"), {28, 28}, rng);
  CHECK(xtape::nn::parameter_count(network) == 80250);
  std::vector<Shape> results;
  Tape<double> tape;
  Variable<double> x = tape.constant(Values(Shape{2, 28, 28}, 0.5));
  for (std::size_t i = 0; i < network.size(); ++i) {
    x = network[i](x);
    if (network[i].describe() != "ReLU" && i >= 2) {
      results.emplace_back(x.shape().begin() + 1, x.shape().end());
    }
  }
  CHECK((results == std::vector<Shape>{{24, 24, 16},
                                       {24, 24, 16},
                                       {12, 12, 16},
                                       {8, 8, 32},
                                       {8, 8, 32},
                                       {4, 4, 32},
                                       {512},
                                       {128},
                                       {10}}));
}

TEST_CASE("convolution 2.1: z is the product of each filter and each window") {
  const Values x = random_values({2, 5, 6, 3}, 1), w = random_values({2, 3, 3, 4}, 2),
               b = random_values({4}, 3);
  const auto z = by_hand::Convolution(w, b, {}).forward(x);
  REQUIRE((z.shape() == Shape{2, 4, 4, 4}));
  for_each_index(z.shape(), [&](const auto& at) {
    double product = b(at[3]);
    for_each_index(w.shape(), [&](const auto& k) {
      product += k[3] == at[3]
                     ? w(k[0], k[1], k[2], k[3]) * x(at[0], at[1] + k[0], at[2] + k[1], k[2])
                     : 0;
    });
    CHECK(z(at[0], at[1], at[2], at[3]) == Approx(product).epsilon(1e-13));
  });
}

TEST_CASE("convolution 2.1: stride, padding and dilation place the windows") {
  // One pixel is 1. Window i holds it at position p when i S + p D - P is its row.
  Values x(Shape{1, 7, 1, 1}, 0.), w(Shape{3, 1, 1, 1});
  x(0, 4, 0, 0) = 1;
  std::copy_n(std::vector<double>{10, 20, 30}.begin(), 3, w.data());
  const by_hand::Convolution layer(w, {},
                                   {.stride = {2, 1}, .padding = {2, 0}, .dilation = {2, 1}});
  // Windows begin at rows -2, 0, 2, 4: 1 + floor((7 + 4 - 4 - 1) / 2) = 4 of them.
  const Values z = layer.forward(x);
  CHECK((elements(z) == std::vector<double>{0, 30, 20, 10}));
}

TEST_CASE("convolution 2.1: an image that moves by a pixel moves the result by a pixel") {
  Values x = random_values({1, 6, 8, 2}, 1);
  for (std::size_t r = 0; r < 6; ++r) {
    for (const std::size_t s : {6UL, 7UL}) {
      x(0, r, s, 0) = x(0, r, s, 1) = 0;
    }
  }
  const by_hand::Convolution layer(random_values({3, 3, 2, 4}, 2), {}, {.padding = {0, 1}});
  const Values z = layer.forward(x), z_moved = layer.forward(moved(x));
  for_each_index({1, 4, 7, 4}, [&](const auto& at) {
    if (at[2] > 0) {  // the first column sees the zeros before the image
      CHECK(z_moved(0, at[1], at[2] + 1, at[3]) == z(0, at[1], at[2], at[3]));
    }
  });
}

TEST_CASE("convolution 2.1: groups are convolutions beside each other") {
  const Values x = random_values({2, 4, 4, 4}, 1), w = random_values({3, 3, 2, 6}, 2);
  const auto z = by_hand::Convolution(w, {}, {.groups = 2}).forward(x);
  for (const std::size_t group : {0UL, 1UL}) {
    Values x_part(Shape{2, 4, 4, 2}), w_part(Shape{3, 3, 2, 3});
    for_each_index(x_part.shape(), [&](const auto& at) {
      x_part(at[0], at[1], at[2], at[3]) = x(at[0], at[1], at[2], at[3] + 2 * group);
    });
    for_each_index(w_part.shape(), [&](const auto& at) {
      w_part(at[0], at[1], at[2], at[3]) = w(at[0], at[1], at[2], at[3] + 3 * group);
    });
    const auto z_part = by_hand::Convolution(w_part, {}, {}).forward(x_part);
    for_each_index(z_part.shape(), [&](const auto& at) {
      CHECK(z_part(at[0], at[1], at[2], at[3]) == z(at[0], at[1], at[2], at[3] + 3 * group));
    });
  }
}

TEST_CASE("convolution 2.2: dW and db are sums over all windows") {
  const Values x = random_values({2, 5, 5, 2}, 1);
  Values w = random_values({3, 2, 2, 3}, 2), b = random_values({3}, 3);
  const xtape::Conv2dOptions options{.stride = 2, .padding = 1};
  const by_hand::Convolution layer(w, b, options);
  const Values dz = random_values(layer.forward(x).shape(), 4);
  const Backward back = layer.backward(x, dz);
  REQUIRE(back.parameters.size() == 2);
  const auto product = [&] { return dot(by_hand::Convolution(w, b, options).forward(x), dz); };
  CHECK(disagreement(back.parameters[0], slopes(product, w)) < 1e-8);
  CHECK(disagreement(back.parameters[1], slopes(product, b)) < 1e-8);
  CHECK(by_hand::Convolution(w, {}, options).backward(x, dz).parameters.size() == 1);
}

TEST_CASE("convolution 2.3: dx is a sum over the windows that cover a pixel") {
  const Values x = random_values({2, 6, 5, 2}, 1), w = random_values({3, 2, 2, 3}, 2);
  check_dx(by_hand::Convolution(w, {}, {}), x);
  check_dx(by_hand::Convolution(w, {}, {.stride = {3, 2}, .padding = 1, .dilation = {1, 2}}), x);
  check_dx(by_hand::Convolution(w, {}, {.padding = xtape::same}), x);
}

TEST_CASE("convolution 2.3: with stride 1, dx is a convolution with the filters turned") {
  const Values x = random_values({2, 7, 7, 2}, 1), w = random_values({3, 3, 2, 4}, 2);
  const by_hand::Convolution layer(w, {}, {.padding = 1});
  const Values dz = random_values(layer.forward(x).shape(), 3);
  const Values convolved = by_hand::Convolution(turned(w), {}, {.padding = 1}).forward(dz);
  CHECK(disagreement(layer.backward(x, dz).dx, convolved) < 1e-14);
}

TEST_CASE("convolution 2.4: the gradient of a window goes to its greatest pixel") {
  const Values x = random_values({2, 5, 6, 3}, 1);
  check_dx(by_hand::MaxPool(2, {}), x);
  check_dx(by_hand::MaxPool({3, 2}, {.stride = {2, 1}, .padding = 1}), x);

  const by_hand::MaxPool pool(2, {});
  Values equal(Shape{1, 2, 3, 1}, 5.);
  equal(0, 0, 0, 0) = 4;
  const Backward back = pool.backward(equal, Values(Shape{1, 1, 1, 1}, 7.));
  CHECK((elements(pool.forward(equal)) == std::vector<double>{5}));
  // The first of three equal pixels gets all. The last column is in no window.
  CHECK((elements(back.dx) == std::vector<double>{0, 7, 0, 0, 0, 0}));
}

TEST_CASE("convolution 2.4: padding is never the greatest") {
  const Values below(Shape{1, 2, 2, 1}, -3.);
  const Values y = by_hand::MaxPool(2, {.padding = 1}).forward(below);
  CHECK((elements(y) == std::vector<double>(4, -3.)));
}

TEST_CASE("convolution 2.5: each pixel of a window has the same share in its mean") {
  const Values x = random_values({2, 5, 6, 3}, 1);
  check_dx(by_hand::AveragePool(2, {}), x);
  check_dx(by_hand::AveragePool(3, {.stride = 2, .padding = 1}), x);
  check_dx(by_hand::AveragePool(3, {.stride = 2, .padding = 1, .count_padding = false}), x);
  check_dx(by_hand::GlobalAveragePool(), x);

  const Values ones(Shape{1, 2, 2, 1}, 1.);
  const auto corner = [&](bool count_padding) {
    const xtape::AvgPoolOptions options{.padding = 1, .count_padding = count_padding};
    return by_hand::AveragePool(2, options).forward(ones)(0, 0, 0, 0);
  };
  CHECK(corner(true) == 0.25);
  CHECK(corner(false) == 1);
  CHECK((by_hand::GlobalAveragePool().forward(x).shape() == Shape{2, 3}));
}

TEST_CASE("convolution 2.6: batch norm gives each channel the mean beta and the deviation gamma") {
  Values x = random_values({3, 4, 4, 2}, 1);
  const Values gamma{2, 3}, beta{-1, 5};
  const by_hand::BatchNorm layer(gamma, beta, 0);
  const Values y = layer.forward(x);
  for (const std::size_t c : {0UL, 1UL}) {
    double sum = 0, squares = 0;
    for (std::size_t k = c; k < y.size(); k += 2) {
      sum += y.data()[k] / 48;
    }
    for (std::size_t k = c; k < y.size(); k += 2) {
      squares += (y.data()[k] - sum) * (y.data()[k] - sum) / 48;
    }
    CHECK(sum == Approx(beta(c)));
    CHECK(std::sqrt(squares) == Approx(gamma(c)));
  }
  x += 100;  // as a bias does
  CHECK(disagreement(layer.forward(x), y) < 1e-12);
}

TEST_CASE("convolution 2.7: the gradient of batch norm") {
  const Values x = random_values({3, 4, 4, 2}, 1);
  Values gamma = random_values({2}, 2), beta = random_values({2}, 3);
  const by_hand::BatchNorm layer(gamma, beta, 1e-2);
  check_dx(layer, x);

  const Values dy = random_values(x.shape(), 4);
  const Backward back = layer.backward(x, dy);
  REQUIRE(back.parameters.size() == 2);
  const auto product = [&] { return dot(by_hand::BatchNorm(gamma, beta, 1e-2).forward(x), dy); };
  CHECK(disagreement(back.parameters[0], slopes(product, gamma)) < 1e-8);
  CHECK(disagreement(back.parameters[1], slopes(product, beta)) < 1e-8);

  double sum = 0;
  for (std::size_t k = 0; k < x.size(); k += 2) {
    sum += back.dx.data()[k];
  }
  CHECK(std::abs(sum) < 1e-13);
  CHECK(by_hand::BatchNorm({}, {}, 1e-2).backward(x, dy).parameters.empty());
}

TEST_CASE("convolution 2.8: dX = dz1 W1^T") {
  Problem<double> problem = some_problem();
  const auto gradients = problem.backprop();
  const Array<double> dx = by_hand::input_gradient(problem.network, gradients);
  const auto sum_of_losses = [&] { return 5 * problem.loss(); };
  CHECK(disagreement(dx, slopes(sum_of_losses, problem.x)) < 1e-8);
}

TEST_CASE("convolution 2.9: a chain passes dx on, and both ways of a residual block count") {
  const Values x = random_values({2, 4, 4, 2}, 1), w = random_values({3, 3, 2, 2}, 2);
  const auto body = [&] {
    auto chain = std::make_unique<by_hand::Chain>();
    chain->push_back(std::make_unique<by_hand::Convolution>(w, std::nullopt,
                                                            xtape::Conv2dOptions{.padding = 1}));
    chain->push_back(std::make_unique<by_hand::BatchNorm>(Values{1, 2}, Values{3, 4}, 1e-5));
    chain->push_back(
        std::make_unique<by_hand::Pointwise>(by_hand::find_activation<double>("tanh")));
    return chain;
  };
  check_dx(*body(), x);
  const Values dy = random_values(x.shape(), 3);
  CHECK(body()->backward(x, dy).parameters.size() == 3);
  check_dx(by_hand::Residual(body(), std::make_unique<by_hand::Chain>()), x);
  const by_hand::Residual both(body(), body());
  check_dx(both, x);
  CHECK(both.backward(x, dy).parameters.size() == 6);
}
