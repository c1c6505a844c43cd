#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>
#include <xtape.hpp>

#include "examples/backprop/gradient_comparison.hpp"
#include "examples/mnist/network.hpp"
#include "tests/examples/backprop/agreement.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/mnist_data.hpp"

/// Sections 3 and 4 of docs/convolution.md: how well the formulas and the tape agree.

namespace {

namespace nn = xtape::nn;
using by_hand::Values;
using xtape::Pair;
using xtape::Rng;
using xtape::Shape;
using xtape::Tape;
using xtape::Variable;

/// The greatest disagreement of the formulas of one layer with the tape: of y, dx and each
/// parameter's gradient.
double disagreement_of(nn::Sequential<double> network, const Values& x, Rng& rng) {
  // A Linear layer behind makes a network of the layer, as formulas_of() takes them.
  Tape<double> tape;
  const Variable<double> images = tape.variable(x);
  const Variable<double> y = network(images);
  const std::size_t features = y.value().size() / x.shape()[0];
  network.push_back(nn::Linear<double>(features, 1, rng));
  const by_hand::Formulas formulas = by_hand::formulas_of(network);

  const Values dy = random_normal<double>(y.shape(), rng);
  tape.backward(sum(y * tape.constant(dy)));
  const by_hand::Backward back = formulas.images->backward(x, dy);
  double greatest = std::max(disagreement(formulas.images->forward(x), y.value()),
                             disagreement(back.dx, images.grad()));
  std::size_t number = 0;
  nn::for_each_parameter(network, [&](const nn::ParameterName&, const Values& parameter) {
    if (number < back.parameters.size()) {
      greatest = std::max(greatest, disagreement(back.parameters[number], tape.grad(parameter)));
      ++number;
    }
  });
  return greatest;
}

struct Draw {
  Rng& rng;

  std::size_t from(std::size_t least, std::size_t most) {
    return least + rng.below(most - least + 1);
  }
  Pair pair(std::size_t least, std::size_t most) {
    const std::size_t height = from(least, most);
    return {height, from(least, most)};
  }
  Values images(std::size_t channels) {
    const std::size_t batch = from(1, 3), rows = from(7, 12);
    return random_normal<double>({batch, rows, from(7, 12), channels}, rng);
  }
};

nn::Layer<double> convolution(Draw& draw, std::size_t& channels) {
  const std::size_t groups = draw.from(1, 3);
  channels = groups * draw.from(1, 4);
  const std::size_t out = groups * draw.from(1, 4);
  const Pair kernel = draw.pair(1, 3), padding = draw.pair(0, 2);
  const bool same = draw.from(0, 4) == 0, bias = draw.from(0, 1) == 1;
  const Pair stride = same ? Pair(1) : draw.pair(1, 3);
  nn::Conv2d<double> layer(channels, out, kernel, draw.rng,
                           {.stride = stride,
                            .padding = same ? xtape::Padding(xtape::same) : xtape::Padding(padding),
                            .dilation = draw.pair(1, 3),
                            .groups = groups,
                            .bias = bias});
  if (bias) {
    layer.bias = random_normal<double>({out}, draw.rng);
  }
  return layer;
}

nn::Layer<double> pool(Draw& draw, std::size_t& channels) {
  channels = draw.from(1, 4);
  const Pair kernel = draw.pair(1, 4), stride = draw.pair(0, 3);
  const Pair padding{draw.from(0, kernel.height / 2), draw.from(0, kernel.width / 2)};
  switch (draw.from(0, 4)) {
    case 0:
      return nn::GlobalAvgPool2d{};
    case 1:
    case 2:
      return nn::MaxPool2d(kernel, {.stride = stride, .padding = padding});
    default:
      return nn::AvgPool2d(
          kernel, {.stride = stride, .padding = padding, .count_padding = draw.from(0, 1) == 1});
  }
}

nn::Layer<double> batch_norm(Draw& draw, std::size_t& channels) {
  channels = draw.from(1, 5);
  const bool weight = draw.from(0, 3) > 0;
  nn::BatchNorm<double> layer(channels, {.epsilon = 1e-3, .weight = weight, .bias = weight});
  if (weight) {
    layer.weight = random_normal<double>({channels}, draw.rng);
    layer.bias = random_normal<double>({channels}, draw.rng);
  }
  return layer;
}

template <class Make>
double greatest_disagreement(Make make) {
  Rng rng{2026};
  Draw draw{rng};
  double greatest = 0;
  for (int i = 0; i < 100; ++i) {
    std::size_t channels = 0;
    // A convolution before, because formulas begin with the first layer that has parameters.
    nn::Layer<double> layer = make(draw, channels);
    nn::Sequential<double> network{nn::Conv2d<double>(2, channels, 1, rng, {.bias = false}),
                                   std::move(layer)};
    greatest = std::max(greatest, disagreement_of(std::move(network), draw.images(2), rng));
  }
  return greatest;
}

}  // namespace

TEST_CASE("convolution 3: the tape agrees with the formulas of convolutions in double to 1e-12") {
  CHECK(greatest_disagreement(convolution) < 1e-12);
}

TEST_CASE("convolution 3: the tape agrees with the formulas of pools in double to 1e-12") {
  CHECK(greatest_disagreement(pool) < 1e-12);
}

TEST_CASE("convolution 3: the tape agrees with the formulas of batch norm in double to 1e-12") {
  CHECK(greatest_disagreement(batch_norm) < 1e-12);
}

TEST_CASE("convolution 3: the formulas know Sequential and Residual, and name what they lack") {
  Rng rng{1};
  const auto conv = [&] { return nn::Conv2d<double>(2, 2, 3, rng, {.padding = 1}); };
  nn::Sequential<double> network{nn::Conv2d<double>(2, 2, 3, rng, {.padding = 1, .bias = false}),
                                 nn::Sequential<double>{nn::BatchNorm<double>(2), nn::GELU{}},
                                 nn::Residual<double>(conv(), nn::Tanh{}).with_shortcut(conv())};
  Rng images{2};
  CHECK(disagreement_of(network, random_normal<double>({2, 4, 4, 2}, images), images) < 1e-12);

  network.push_back(nn::Flatten{});
  network.push_back(nn::Linear<double>(32, 3, rng));
  CHECK((by_hand::formulas_of(network).names == std::vector<std::string>{"dW1", "dgamma1", "dbeta1",
                                                                         "dW2", "db2", "dW3", "db3",
                                                                         "dW4", "db4"}));
  network.push_back(nn::Softplus{});
  CHECK(message_of([&] { by_hand::formulas_of(network); }) ==
        "there is no formula for the layer Softplus: the formulas know Linear layers with one "
        "activation between them");
  const nn::Sequential<double> unknown{conv(), nn::Softplus{}, nn::Linear<double>(32, 3, rng)};
  CHECK(message_of([&] { by_hand::formulas_of(unknown); }) ==
        "there is no formula for the layer Softplus");
  const nn::Sequential<double> images_only{conv()};
  CHECK(message_of([&] { by_hand::formulas_of(images_only); }) ==
        "there are formulas for networks that end with Linear layers only");
  const nn::Sequential<double> mixed{nn::Linear<double>(4, 3, rng), nn::ReLU{},
                                     nn::Linear<double>(3, 3, rng), nn::Tanh{},
                                     nn::Linear<double>(3, 3, rng)};
  CHECK_THROWS_AS(by_hand::formulas_of(mixed), xtape::ValueError);
}

TEST_CASE("convolution 4: the tape agrees with the formulas on real images to 1e-12") {
  MNIST_OR_SKIP(folder);
  const nn::Dataset train = nn::read_mnist(folder).train;
  const mnist::Recipe& recipe = mnist::find_recipe("cnn");
  for (const std::uint64_t seed : {1UL, 2UL}) {
    Rng rng{seed};
    const auto network = mnist::make_network<double>(recipe, train.features.shape(), rng);
    nn::Batches batches(train, 16, rng);
    const nn::Batch batch = *batches.begin();
    const by_hand::Formulas formulas = by_hand::formulas_of(network);
    Tape<double> tape;
    Variable<double> images = tape.constant(batch.inputs);
    for (std::size_t i = 0; i < formulas.prepare; ++i) {
      images = network[i](images);
    }
    Variable<double> logits = images;
    for (std::size_t i = formulas.prepare; i < network.size(); ++i) {
      logits = network[i](logits);
    }
    tape.backward(nn::SoftmaxCrossEntropy{}(logits, batch.targets));
    const auto by_hand =
        backprop(formulas, images.value(), nn::one_hot<double>(batch.targets, mnist::classes));
    std::size_t number = 0;
    nn::for_each_parameter(network, [&](const nn::ParameterName&, const Values& parameter) {
      CAPTURE(seed, formulas.names.at(number));
      CHECK(disagreement(by_hand.at(number), tape.grad(parameter)) < 1e-12);
      ++number;
    });
    CHECK(number == 10);
  }
}
