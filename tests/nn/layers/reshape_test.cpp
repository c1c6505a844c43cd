#include "nn/layers/reshape.hpp"

#include "nn/layers/batch_norm.hpp"
#include "nn/layers/conv.hpp"
#include "nn/layers/pooling.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/complaints.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;
using xtape::Tape;

TEST_CASE("Reshape gives each sample another shape, and its gradient the old one") {
  xtape::Rng rng;
  Tape<double> tape;
  const nn::Reshape with_channel({2, 3, 1});
  for (const Shape& shape : {Shape{4, 2, 3}, Shape{4, 6}, Shape{0, 6}}) {
    const auto x = tape.variable(random_normal<double>(shape, rng));
    const auto y = with_channel(x);
    CHECK((y.shape() == Shape{shape[0], 2, 3, 1}));
    CHECK((elements(y.value()) == elements(x.value())));
  }
  const auto x = tape.variable(random_normal<double>({4, 6}, rng));
  const Array<double> dy = random_normal<double>({4, 2, 3, 1}, rng);
  tape.backward(sum(with_channel(x) * tape.constant(dy)));
  CHECK((x.grad().shape() == Shape{4, 6}));
  CHECK((elements(x.grad()) == elements(dy)));
  CHECK((nn::Reshape(Shape{})(tape.constant(Array<double>(Shape{3, 1}, 1.))).shape() == Shape{3}));
}

TEST_CASE("Reshape names both shapes when they do not fit") {
  Tape<double> tape;
  const nn::Reshape reshape({2, 3, 1});
  CHECK(message_of([&] {
          reshape(tape.constant(Array<double>(Shape{4, 5}, 1.)));
        }) == "Reshape to (2, 3, 1): got (4, 5)");
  CHECK_THROWS_AS(reshape(tape.constant(1.)), xtape::ShapeError);
}

TEST_CASE("Layers of images tell their options") {
  xtape::Rng rng;
  const nn::Conv2d conv(2, 4, 3, rng, {.stride = 2, .groups = 2});
  CHECK((conv.options().stride == xtape::Pair(2)));
  CHECK(conv.options().groups == 2);
  const nn::MaxPool2d max({3, 2}, {.padding = 1});
  CHECK((max.kernel() == xtape::Pair(3, 2)));
  CHECK((max.options().padding == xtape::Pair(1)));
  const nn::AvgPool2d mean(2, {.count_padding = false});
  CHECK((mean.kernel() == xtape::Pair(2)));
  CHECK_FALSE(mean.options().count_padding);
  CHECK(nn::BatchNorm(3, {.epsilon = 0.5}).options().epsilon == 0.5);
}
