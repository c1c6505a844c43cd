#include <string>
#include <vector>

#include "examples/backprop/gradient_comparison.hpp"
#include "examples/cifar10/network.hpp"
#include "examples/mnist/network.hpp"
#include "nn/datasets/synthetic_digits.hpp"
#include "nn/datasets/synthetic_shapes.hpp"
#include "tests/examples/backprop/spoilt.hpp"
#include "tests/support/catch.hpp"

// check-gradients refuses wrong gradients of the convolutions of mnist and cifar10.

namespace nn = xtape::nn;
using xtape::Rng;

namespace {

/// Returns the places of the convolutions in a network.
std::vector<std::size_t> convolutions_of(const nn::Sequential<double>& network) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < network.size(); ++i) {
    if (network[i].target<nn::Conv2d<double>>() != nullptr) places.push_back(i);
  }
  return places;
}

/// Replaces each convolution of a network in turn by a wrong one. Checks that the proof refuses the
/// weight of that one and nothing else.
void check_refused(const nn::Sequential<double>& right, const nn::Dataset& train,
                   std::size_t count) {
  nn::Batches batches(train, 2);
  const nn::Batch batch = *batches.begin();
  const by_hand::Formulas formulas = by_hand::formulas_of(right);
  auto network = right;
  REQUIRE(by_hand::compare_gradients(network, formulas, batch, 1));
  const std::vector<std::size_t> convolutions = convolutions_of(right);
  REQUIRE(convolutions.size() == count);
  for (std::size_t number = 0; number < convolutions.size(); ++number) {
    const std::size_t layer = convolutions[number];
    const auto& conv = right.get<nn::Conv2d<double>>(layer);
    const std::size_t place =
        next_that_matters(right, std::to_string(layer) + ".weight", batch, conv.weight.size() / 2);
    for (const double factor : {1.01, -1.}) {
      auto wrong = right;
      wrong[layer] = WrongConv{conv, place, factor};
      const auto check = by_hand::compare_gradients(wrong, formulas, batch, 1);
      CAPTURE(layer, place, factor);
      CHECK_FALSE(check);
      std::vector<std::string> refused;
      for (const by_hand::GradientComparison& each : check.parameters) {
        if (!each.agrees) refused.push_back(each.name);
      }
      CHECK(refused == std::vector<std::string>{"dW" + std::to_string(number + 1)});
    }
  }
}

}  // namespace

TEST_CASE("A convolution's gradient that is wrong in one element is refused: mnist --recipe cnn") {
  mnist::Recipe recipe = mnist::find_recipe("cnn");
  recipe.filters = {3, 4};
  recipe.dropout = 0;
  Rng rng{1};
  const nn::Dataset train = nn::synthetic_digits(1, 2, 10).train;
  const auto network = mnist::make_network<double>(recipe, train.features.shape(), rng);
  check_refused(network, train, 2);
}

TEST_CASE("A convolution's gradient that is wrong in one element is refused: cifar10") {
  Rng rng{1};
  const nn::Dataset train = nn::synthetic_shapes(1, 2, 10).train;
  const nn::Conv2d<double> stem(cifar10::colours, cifar10::stem_channels, cifar10::stem_kernel, rng,
                                {.bias = false});
  auto network = cifar10::make_network<double>({3, 4}, stem, rng);
  nn::for_each_parameter(network, [&](const nn::ParameterName&, xtape::Array<double>& weight) {
    if (weight.dimension() == 4) nn::HeNormal{}(weight, rng);
  });
  check_refused(network, train, 5);
}
