#include "autograd/ops/images.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "tests/support/evaluate.hpp"

using namespace xtape;

TEST_CASE("upsample2d repeats pixels, or interpolates between their centres") {
  const auto x = image_of(1, 2, {0, 8});
  const auto nearest = evaluate([](auto v) { return upsample2d(v, {1, 2}); }, x);
  CHECK((nearest.value == image_of(1, 4, {0, 0, 8, 8})));
  CHECK((nearest.grad == image_of(1, 2, {2, 2})));
  const auto between = evaluate(
      [](auto v) {
        return upsample2d(v, {2, 2}, Upsampling::bilinear);
      },
      x);
  CHECK((between.value == image_of(2, 4, {0, 2, 6, 8, 0, 2, 6, 8})));
  CHECK((between.grad == image_of(1, 2, {4, 4})));
}

TEST_CASE("pad adds a number, or mirrors") {
  const auto x = image_of(1, 3, {1, 2, 3});
  const auto zeros = evaluate([](auto v) { return pad(v, {1, 0, 0, 2}); }, x);
  CHECK((zeros.value == image_of(2, 5, {0, 0, 0, 0, 0, 1, 2, 3, 0, 0})));
  CHECK((zeros.grad == image_of(1, 3, {1, 1, 1})));
  const auto mirrored =
      evaluate([](auto v) { return pad(v, Pair(0, 2), {.mode = PadMode::reflect}); }, x);
  CHECK((mirrored.value == image_of(1, 7, {3, 2, 1, 2, 3, 2, 1})));
  CHECK((mirrored.grad == image_of(1, 3, {2, 3, 2})));
  const auto ones = evaluate([](auto v) { return pad(v, 1, {.value = 1}); }, image_of(1, 1, {7}));
  CHECK((ones.value == image_of(3, 3, {1, 1, 1, 1, 7, 1, 1, 1, 1})));
}

TEST_CASE("pad and upsample2d keep the sign of zero") {
  xtape::Tape<float> tape;
  const auto x = tape.constant(xtape::Array<float>(Shape{1, 1, 1, 2}, -0.f));
  for (const auto& y : {pad(x, 1), upsample2d(x, 3)}) {
    CHECK(std::signbit(y.value()(0, 1, 1, 1)));
  }
}

TEST_CASE("pad makes images of constants from images without pixels") {
  Tape<float> tape;
  const auto x = tape.variable(Array<float>(Shape{2, 0, 3, 1}));
  CHECK((pad(x, 1, {.value = 2}).value() == Array<float>(Shape{2, 2, 5, 1}, 2.f)));
}

TEST_CASE("flip turns axes around") {
  const auto x = array_of<double>(Shape{2, 3}, {1, 2, 3, 4, 5, 6});
  Tape<double> tape;
  const auto v = tape.variable(x);
  CHECK((flip(v, 1).value() == array_of<double>(Shape{2, 3}, {3, 2, 1, 6, 5, 4})));
  CHECK((flip(v, 0).value() == array_of<double>(Shape{2, 3}, {4, 5, 6, 1, 2, 3})));
  CHECK((flip(v, {0, -1}).value() == array_of<double>(Shape{2, 3}, {6, 5, 4, 3, 2, 1})));
  CHECK_REFUSED(tape, flip(v, 2), ShapeError, "flip: shape (2, 3) has no axis 2");
}

TEST_CASE("upsample2d and pad name what they refuse") {
  Tape<float> tape;
  const auto x = tape.variable(Array<float>(Shape{8, 5, 4, 3}, 0.f));
  const auto matrix = tape.variable(Array<float>(Shape{5, 4}, 0.f));
  const auto bare = tape.variable(Array<float>(Shape{8, 0, 4, 3}));
  const std::size_t most = std::numeric_limits<std::size_t>::max();
  CHECK_REFUSED(tape, upsample2d(x, {0, 2}), ValueError,
                "upsample2d: expected factors of at least 1, got (0, 2)");
  CHECK_REFUSED(tape, upsample2d(matrix, 2), ShapeError,
                "upsample2d: expected images (batch, height, width, channels), got (5, 4)");
  CHECK_REFUSED(tape, upsample2d(bare, 2), ShapeError,
                "upsample2d: the images of (8, 0, 4, 3) have no pixels");
  CHECK_REFUSED(tape, upsample2d(x, most), ShapeError,
                "upsample2d: 5 positions are too many to repeat 18446744073709551615 times");
  CHECK_REFUSED(tape, pad(matrix, 1), ShapeError,
                "pad: expected images (batch, height, width, channels), got (5, 4)");
  CHECK_REFUSED(tape, pad(x, Pair(0, 4), {.mode = PadMode::reflect}), ShapeError,
                "pad: (8, 5, 4, 3) has no 4 pixels to reflect at an edge: it has 3 beside the "
                "outermost");
  CHECK_REFUSED(tape, pad(x, most), ShapeError,
                "pad: (8, 5, 4, 3) cannot be padded by 18446744073709551615 and "
                "18446744073709551615");
}
