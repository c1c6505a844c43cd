#include "autograd/ops/reductions.hpp"

#include "tests/ops/evaluate.hpp"

using namespace xtape;

TEST_CASE("reductions take an axis, several in braces, or all") {
  Tape<double> tape;
  const auto x = tape.variable(array_of<double>(Shape{2, 2, 2}, {0, 1, 2, 3, 4, 5, 6, 7}));
  CHECK((sum(x, -1).value() == array_of<double>(Shape{2, 2}, {1, 5, 9, 13})));
  CHECK((mean(x, 1, true).value() == array_of<double>(Shape{2, 1, 2}, {1, 2, 5, 6})));
  CHECK((max(x, {2, 0}).value() == array_of<double>({5, 7})));
  CHECK((min(x, Axes::all(), true).value() == array_of<double>(Shape{1, 1, 1}, {0})));
}

TEST_CASE("reductions refuse axes that are not there, or named twice") {
  Tape<float> tape;
  const auto x = tape.constant(Array<float>(Shape{2, 3}, 1.f)), scalar = tape.constant(1);
  CHECK_REFUSED(tape, sum(x, 2), ShapeError, "sum: shape (2, 3) has no axis 2");
  CHECK_REFUSED(tape, mean(x, -3), ShapeError, "mean: shape (2, 3) has no axis -3");
  CHECK_REFUSED(tape, max(x, 2), ShapeError, "max: shape (2, 3) has no axis 2");
  CHECK_REFUSED(tape, max(scalar, -1), ShapeError, "max: shape () has no axis -1");
  CHECK_REFUSED(tape, sum(scalar, 0), ShapeError, "sum: shape () has no axis 0");
  CHECK_REFUSED(tape, sum(x, {1, -1}), ShapeError, "sum: axis -1 is named twice");
  CHECK_REFUSED(tape, mean(x, {0, 0}), ShapeError, "mean: axis 0 is named twice");
  CHECK_REFUSED(tape, min(x, {1, -1}), ShapeError, "min: axis -1 is named twice");
}

TEST_CASE("mean, max and min refuse to reduce no elements") {
  Tape<float> tape;
  const auto x = tape.constant(Array<float>(Shape{0, 3}, 1.f));
  CHECK_REFUSED(tape, mean(x), ShapeError, "mean: (0, 3) has no elements to average");
  CHECK_REFUSED(tape, mean(x, 0), ShapeError, "mean: (0, 3) has no elements to average");
  CHECK_REFUSED(tape, max(x, 0), ShapeError, "max: axis 0 of (0, 3) is empty");
  CHECK_REFUSED(tape, max(x), ShapeError, "max: axis 0 of (0, 3) is empty");
  CHECK_REFUSED(tape, min(x, {1, 0}), ShapeError, "min: axis 0 of (0, 3) is empty");
  CHECK(mean(x, 1).shape() == Shape{0});
  CHECK(max(x, 1).shape() == Shape{0});
}
