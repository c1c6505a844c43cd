#include "autograd/ops/pooling.hpp"

#include <cstdint>
#include <vector>

#include "autograd/no_grad.hpp"
#include "autograd/ops/ops.hpp"
#include "tensor/parallel.hpp"
#include "tests/support/evaluate.hpp"
#include "tests/support/threads.hpp"

using namespace xtape;

TEST_CASE("max_pool2d gives the gradient to the first of equal maxima") {
  const auto pooled =
      evaluate([](auto x) { return max_pool2d(x, 2); }, image_of(2, 4, {1, 3, 2, 2, 3, 0, 2, 2}));
  CHECK((pooled.value == image_of(1, 2, {3, 2})));
  CHECK((pooled.grad == image_of(2, 4, {0, 1, 1, 0, 0, 0, 0, 0})));
}

TEST_CASE("max_pool2d: the windows of an image of 31 x 31 leave the last row and column out") {
  Tape<float> tape;
  const auto x = tape.variable(Array<float>(Shape{2, 31, 31, 3}, 1.f));
  const auto y = max_pool2d(x, 2);
  CHECK(y.shape() == Shape{2, 15, 15, 3});
  tape.backward(sum(y));
  for (std::size_t i = 0; i < 31; ++i) {
    CHECK(x.grad()(1, 30, i, 2) == 0);
    CHECK(x.grad()(1, i, 30, 2) == 0);
  }
  CHECK(x.grad()(1, 28, 28, 2) == 1);
}

TEST_CASE("max_pool2d: overlapping windows add their gradients") {
  const auto pooled = evaluate([](auto x) { return max_pool2d(x, 3, {.stride = 1}); },
                               image_of(3, 5, {0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0}));
  CHECK((pooled.value == image_of(1, 3, {9, 9, 9})));
  CHECK(pooled.grad(0, 1, 2, 0) == 3);
}

TEST_CASE("max_pool2d: padding does not win over negative numbers") {
  const auto pooled = evaluate(
      [](auto x) {
        return max_pool2d(x, {2, 2}, {.stride = 2, .padding = {1, 1}});
      },
      image_of(2, 2, {-1, -2, -3, -4}));
  CHECK((pooled.value == image_of(2, 2, {-1, -2, -3, -4})));
  CHECK((pooled.grad == image_of(2, 2, {1, 1, 1, 1})));
}

TEST_CASE("max_pool2d is the same under NoGrad, where it remembers no places") {
  Rng rng(1);
  const Array<double> x = distinct(Shape{2, 7, 6, 5}, rng);
  Tape<double> tape;
  const auto recorded = max_pool2d(tape.variable(x), 3, {.stride = 2, .padding = 1});
  const NoGrad guard(tape);
  const auto bare = max_pool2d(tape.variable(x), 3, {.stride = 2, .padding = 1});
  CHECK((recorded.value() == bare.value()));
  CHECK_FALSE(bare.needs_grad());
}

TEST_CASE("avg_pool2d counts padding, or does not") {
  const auto x = image_of(2, 2, {4, 8, 12, 16});
  const AvgPoolOptions all{.stride = 1, .padding = 1};
  const auto counted = evaluate([=](auto v) { return avg_pool2d(v, 2, all); }, x);
  CHECK((counted.value == image_of(3, 3, {1, 3, 2, 4, 10, 6, 3, 7, 4})));
  CHECK((counted.grad == image_of(2, 2, {1, 1, 1, 1})));
  const AvgPoolOptions pixels{.stride = 1, .padding = 1, .count_padding = false};
  const auto uncounted = evaluate([=](auto v) { return avg_pool2d(v, 2, pixels); }, x);
  CHECK((uncounted.value == image_of(3, 3, {4, 6, 8, 8, 10, 12, 12, 14, 16})));
  CHECK((uncounted.grad == image_of(2, 2, {2.25, 2.25, 2.25, 2.25})));
}

TEST_CASE("pools give the same bits for any number of threads", "[threads]") {
  Rng rng(2);
  const Array<double> x = anywhere(Shape{16, 21, 19, 8}, rng);
  const auto both = [&](std::size_t threads) {
    const Threads guard(threads);
    return evaluate(
        [](auto v) {
          return max_pool2d(v, 3, {.stride = 2, .padding = 1}) +
                 avg_pool2d(v, 3, {.stride = 2, .padding = 1});
        },
        x);
  };
  const auto one = both(1);
  for (const std::size_t threads : {2UL, 3UL}) {
    const auto several = both(threads);
    CHECK((several.value == one.value));
    CHECK((several.grad == one.grad));
  }
}

TEST_CASE("pools take images without channels, which PyTorch does not") {
  Tape<float> tape;
  const auto x = tape.variable(Array<float>(Shape{2, 4, 4, 0}));
  const auto y = max_pool2d(x, 2) + avg_pool2d(x, 2);
  CHECK(y.shape() == Shape{2, 2, 2, 0});
  CHECK(global_avg_pool2d(x).shape() == Shape{2, 0});
  tape.backward(sum(y));
  CHECK(x.grad().shape() == x.shape());
}

TEST_CASE("pools name the geometry that they refuse") {
  Tape<float> tape;
  const auto x = tape.variable(Array<float>(Shape{8, 5, 5, 3}, 0.f));
  const auto row = tape.variable(Array<float>(Shape{5, 5}, 0.f));
  const auto bare = tape.variable(Array<float>(Shape{8, 0, 5, 3}));
  CHECK_REFUSED(
      tape, max_pool2d(x, 7), ShapeError,
      "max_pool2d: (8, 5, 5, 3) with kernel (7, 7), padding 0: the kernel does not fit into "
      "the image");
  CHECK_REFUSED(
      tape, avg_pool2d(x, {2, 8}, {.padding = {0, 1}}), ShapeError,
      "avg_pool2d: (8, 5, 5, 3) with kernel (2, 8), padding (0, 1): the kernel does not fit into "
      "the image");
  CHECK_REFUSED(
      tape, max_pool2d(x, 2, {.padding = 2}), ValueError,
      "max_pool2d: (8, 5, 5, 3) with kernel (2, 2), padding 2: the padding is more than half of "
      "the kernel");
  CHECK_REFUSED(tape, max_pool2d(x, {0, 2}), ValueError,
                "max_pool2d: (8, 5, 5, 3) with kernel (0, 2), padding 0 has no positions");
  CHECK_REFUSED(tape, max_pool2d(bare, 1), ShapeError,
                "max_pool2d: (8, 0, 5, 3) with kernel (1, 1), padding 0: the kernel does not fit "
                "into the image");
  CHECK_REFUSED(tape, avg_pool2d(row, 2), ShapeError,
                "avg_pool2d: expected images (batch, height, width, channels), got (5, 5)");
  CHECK_REFUSED(tape, global_avg_pool2d(row), ShapeError,
                "global_avg_pool2d: expected images (batch, height, width, channels), got (5, 5)");
  CHECK_REFUSED(tape, global_avg_pool2d(bare), ShapeError,
                "global_avg_pool2d: the images of (8, 0, 5, 3) have no pixels");
}
