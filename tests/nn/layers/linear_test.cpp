#include "nn/layers/linear.hpp"

#include "autograd/check/gradcheck.hpp"
#include "autograd/ops/reductions.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;
using xtape::Tape;

TEMPLATE_TEST_CASE("Linear computes x W + b", "[nn]", float, double) {
  xtape::Rng rng;
  nn::Linear<TestType> layer(2, 3, rng);
  layer.weight = array_of<TestType>({2, 3}, {1, 2, 3, 4, 5, 6});
  layer.bias = array_of<TestType>({3}, {10, 20, 30});
  Tape<TestType> tape;
  const auto x = tape.variable(array_of<TestType>({2, 2}, {1, 0, 2, -1}));
  const auto y = layer(x);
  CHECK((y.value() == array_of<TestType>({2, 3}, {11, 22, 33, 8, 19, 30})));

  tape.backward(sum(y));
  CHECK((tape.grad(layer.weight) == array_of<TestType>({2, 3}, {3, 3, 3, -1, -1, -1})));
  CHECK((tape.grad(layer.bias) == array_of<TestType>({3}, {2, 2, 2})));
  CHECK((x.grad() == array_of<TestType>({2, 2}, {6, 15, 6, 15})));
}

TEST_CASE("A Linear that is called twice gets the gradients of both calls", "[nn]") {
  xtape::Rng rng;
  nn::Linear<double> layer(2, 2, rng, nn::Normal{.deviation = 1});
  const auto x = array_of<double>({3, 2}, {1, 2, 3, 4, 5, 6});
  const auto result =
      xtape::gradcheck([&](Tape<double>& tape) { return sum(layer(layer(tape.constant(x)))); },
                       {&layer.weight, &layer.bias});
  CAPTURE(xtape::to_string(result));
  CHECK(result);
}

TEST_CASE("Linear accepts a batch without rows", "[nn]") {
  xtape::Rng rng;
  const nn::Linear<double> layer(2, 3, rng);
  Tape<double> tape;
  CHECK(xtape::to_string(layer(tape.constant(Array<double>(Shape{0, 2}))).shape()) == "(0, 3)");
}

TEST_CASE("Linear draws its weights by Glorot's rule unless told otherwise", "[nn]") {
  xtape::Rng rng{1}, again{1};
  const nn::Linear layer(5, 7, rng);
  Array<float> expected(Shape{5, 7});
  nn::GlorotUniform{}(expected, again);
  CHECK((layer.weight == expected));
  CHECK((layer.bias == Array<float>(Shape{7}, 0.f)));

  const auto ones = [](Array<float>& weight, xtape::Rng&) { weight.fill(1); };
  CHECK((nn::Linear(2, 3, rng, ones).weight == Array<float>(Shape{2, 3}, 1.f)));
}

TEST_CASE("Linear says what it is and what it wants", "[nn]") {
  xtape::Rng rng;
  const nn::Linear layer(784, 128, rng);
  CHECK(layer.describe() == "Linear 784 -> 128");
  Tape tape;
  for (const Shape& shape : {Shape{64, 10}, Shape{784}}) {
    CHECK_FAILS(layer(tape.constant(Array<float>(shape, 0.f))), xtape::ShapeError,
                "Linear 784 -> 128: expected (batch, 784), got " + xtape::to_string(shape));
  }
  CHECK_FAILS(nn::Linear(0, 3, rng), xtape::ValueError,
              "Linear: expected sizes of at least 1, got 0 -> 3");
  CHECK_THROWS_AS(nn::Linear(3, 0, rng), xtape::ValueError);
}
