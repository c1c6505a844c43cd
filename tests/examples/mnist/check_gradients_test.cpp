#include "examples/mnist/check_gradients.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "examples/mnist/network.hpp"
#include "nn/datasets/synthetic_digits.hpp"
#include "tests/examples/backprop/spoilt.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Rng;
using xtape::Shape;

namespace {

/// `count` images of one pixel of this byte, all of class 0.
nn::Dataset pixels(std::size_t count, std::uint8_t byte) {
  return {nn::Samples(std::vector(count, byte), {1, 1}), std::vector<int>(count, 0)};
}

nn::Batch all_of(nn::Batches& batches) { return *batches.begin(); }

}  // namespace

TEST_CASE("The gradients of every recipe are proved, whatever the seed") {
  const nn::Dataset train = nn::synthetic_digits(1, 64, 10).train;
  for (mnist::Recipe recipe : mnist::recipes()) {
    std::fill(recipe.hidden.begin(), recipe.hidden.end(), 32);
    std::fill(recipe.filters.begin(), recipe.filters.end(), 6);
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      CAPTURE(recipe.name, seed);
      CHECK(mnist::check_gradients(recipe, seed, train, false));
    }
  }
}

TEST_CASE("The gradients of filters of one pixel are proved, which batch norm cancels") {
  const nn::Dataset train = nn::synthetic_digits(1, 64, 10).train;
  mnist::Recipe recipe;
  recipe.filters = {4};
  recipe.kernel = 1;
  recipe.hidden = {32};
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    CHECK(mnist::check_gradients(recipe, seed, train, false));
  }
}

TEST_CASE("Blank images, which batch norm cannot scale, take no part in the proof") {
  const nn::Dataset digits = nn::synthetic_digits(1, 64, 10).train;
  const auto bytes = digits.features.as<std::uint8_t>();
  std::vector<std::uint8_t> pixels(bytes.begin(), bytes.end());
  const auto end_of_blank = pixels.begin() + 16 * 28 * 28;
  std::fill(pixels.begin(), end_of_blank, std::uint8_t{255});
  const nn::Dataset begins_blank{nn::Samples(std::move(pixels), {28, 28}), digits.targets};
  mnist::Recipe recipe = mnist::find_recipe("cnn");
  recipe.filters = {4, 4};
  recipe.hidden = {16};
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    CAPTURE(seed);
    CHECK(mnist::check_gradients(recipe, seed, begins_blank, false));
  }
}

TEST_CASE("The gradients of deep rectifiers are proved for seeds whose differences meet a kink") {
  const nn::Dataset train = nn::synthetic_digits(1, 64, 10).train;
  mnist::Recipe recipe;
  recipe.activation = "relu";
  recipe.hidden = {256, 256, 256};
  for (const std::uint64_t seed : {7UL, 11UL}) {
    CAPTURE(seed);
    CHECK(mnist::check_gradients(recipe, seed, train, false));
  }
}

TEST_CASE("Formulas decide where the differences of very deep rectifiers do not settle") {
  const nn::Dataset train = nn::synthetic_digits(1, 64, 10).train;
  mnist::Recipe recipe;
  recipe.activation = "relu";
  recipe.hidden = std::vector<std::size_t>(24, 32);
  for (const std::uint64_t seed : {1UL, 2UL}) {
    CAPTURE(seed);
    const auto check = mnist::check_gradients(recipe, seed, train, false);
    CHECK(check);
    CHECK(check.undecided > 0);
    CHECK(check.undecided < check.elements / 4);
  }
}

TEST_CASE("A proof needs half of its elements decided") {
  by_hand::GradientCheck check;
  check.parameters.resize(1);
  check.parameters[0].agrees = true;
  check.elements = 40;
  check.undecided = 20;
  CHECK(check);
  check.undecided = 21;
  CHECK(check.agrees());
  CHECK_FALSE(check);
}

TEST_CASE("The gradients of rectifiers are proved on black images") {
  const nn::Dataset black = pixels(2, 0);
  mnist::Recipe recipe;
  recipe.activation = "relu";
  recipe.hidden = {16, 8};
  const auto check = mnist::check_gradients(recipe, 1, black, false);
  CHECK(check);
  CHECK(check.parameters.at(1).name == "db1");
  CHECK(check.parameters.at(1).at_kinks > 8);
  recipe.activation = "leaky_relu";
  recipe.hidden = {16};
  CHECK(mnist::check_gradients(recipe, 1, black, false));
}

TEST_CASE("A gradient that is wrong by 1 % in one element is refused") {
  const nn::Dataset train = nn::synthetic_digits(1, 64, 10).train;
  nn::Batches batches(train, 64);
  Rng rng{3};
  const nn::Linear<double> first(784, 32, rng), last(32, 10, rng);
  nn::Sequential<double> right{first, nn::ReLU{}, last};
  const by_hand::Formulas formulas = by_hand::formulas_of(right);
  CHECK(by_hand::compare_gradients(right, formulas, all_of(batches), 1));
  for (const std::size_t pixel :
       {250UL, 300UL, 350UL, 400UL, 450UL}) {  // where images are not black
    const std::size_t place =
        next_that_matters(right, "0.weight", all_of(batches), pixel * 32 + pixel % 32);
    for (const double factor : {1.01, 0.99, -1., 2., 0.}) {
      CAPTURE(place, factor);
      nn::Sequential<double> wrong{WrongLinear{first, place, factor}, nn::ReLU{}, last};
      const auto check = by_hand::compare_gradients(wrong, formulas, all_of(batches), 1);
      CHECK_FALSE(check);
      CHECK_FALSE(check.parameters.at(0).agrees);
      CHECK(check.parameters.at(1).agrees);
      CHECK(check.parameters.at(2).agrees);
      CHECK(check.parameters.at(3).agrees);
    }
  }
}

TEST_CASE("A gradient that is no number is refused") {
  const nn::Dataset train = pixels(2, 255);
  nn::Batches batches(train, 2);
  Rng rng{3};
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const nn::Linear<double> first(1, 4, rng), last(4, 10, rng);
  nn::Sequential<double> network{WrongLinear{first, 2, nan}, nn::Tanh{}, last};
  const nn::Sequential<double> right{first, nn::Tanh{}, last};
  const auto check =
      by_hand::compare_gradients(network, by_hand::formulas_of(right), all_of(batches), 1);
  CHECK_FALSE(check.parameters.at(0).agrees);
  CHECK(std::isinf(check.parameters.at(0).by_hand));
}

TEST_CASE("Differences refuse what the tape and the formulas have wrong alike") {
  // Two units stand at their kink, and the loss depends on relu(t) - relu(-t) = t: it is smooth,
  // and the product of slopes of 0 is not its derivative.
  Array<double> last(Shape{2, 10}, 0.);
  last(0, 0) = 1;
  last(1, 0) = -1;
  nn::Sequential<double> network{
      linear_of(Array<double>(Shape{1, 1}, 1.), Array<double>(Shape{1}, 0.)), nn::ReLU{},
      linear_of(Array<double>{{1, -1}}, Array<double>{-1, 1}), nn::ReLU{},
      linear_of(last, Array<double>(Shape{10}, 0.))};
  const nn::Dataset train = pixels(2, 255);
  nn::Batches batches(train, 2);
  const auto check =
      by_hand::compare_gradients(network, by_hand::formulas_of(network), all_of(batches), 1);
  CHECK_FALSE(check);
  CHECK(check.parameters.at(0).by_hand == 0);
  CHECK_FALSE(check.parameters.at(0).agrees);
  CHECK_FALSE(check.parameters.at(1).agrees);
  CHECK(check.parameters.at(5).agrees);
}
