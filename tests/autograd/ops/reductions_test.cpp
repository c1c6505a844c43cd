#include "autograd/ops/reductions.hpp"

#include "tests/support/evaluate.hpp"

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

TEST_CASE("prod, norm and logsumexp of no elements are what their formulas give") {
  Tape<double> tape;
  const auto x = tape.variable(Array<double>(Shape{0, 2}));
  CHECK((prod(x, 0).value() == array_of<double>({1, 1})));
  CHECK((norm(x, 0).value() == array_of<double>({0, 0})));
  CHECK((logsumexp(x, 0).value() == array_of<double>({-infinity, -infinity})));
  CHECK(logsumexp(x, 1).shape() == Shape{0});
  CHECK(cumsum(x, 0).shape() == Shape{0, 2});
  tape.backward(sum(prod(x, 0)) + sum(norm(x)) + sum(logsumexp(x, 0)));
  CHECK(x.grad().shape() == Shape{0, 2});
}

TEST_CASE("prod has a gradient where products beside it overflow or are 0") {
  const auto far =
      evaluate<double>([](auto x) { return prod(x); }, array_of<double>({infinity, 2, 0.5}));
  CHECK(far.value() == infinity);
  CHECK(far.grad(0) == 1);  // PyTorch divides infinity by infinity
  const auto zero = evaluate<double>([](auto x) { return prod(x); }, array_of<double>({0, 2, 3}));
  CHECK((zero.grad == array_of<double>({6, 0, 0})));
}

TEST_CASE("var refuses fewer elements than it needs, and keeps digits far from 0") {
  Tape<double> tape;
  const auto x = tape.variable(array_of<double>(Shape{1, 3}, {1, 2, 4}));
  CHECK_REFUSED(tape, var(x, 0), ShapeError,
                "var: expected more elements than the correction 1, got 1 of (1, 3)");
  CHECK_REFUSED(tape, var(x, 1, false, 3), ShapeError,
                "var: expected more elements than the correction 3, got 3 of (1, 3)");
  CHECK_REFUSED(tape, var(x, 2), ShapeError, "var: shape (1, 3) has no axis 2");
  CHECK((var(x, 0, false, 0).value() == array_of<double>({0, 0, 0})));
  CHECK(var(x).item() == Approx(7.0 / 3));
  CHECK(var(x + 1e8).item() == Approx(7.0 / 3).epsilon(1e-6));
}

TEST_CASE("cumsum refuses an axis that is not there") {
  Tape<float> tape;
  const auto x = tape.constant(array_of<float>({1, 2})), scalar = tape.constant(1);
  CHECK_REFUSED(tape, cumsum(x, 1), ShapeError, "cumsum: shape (2) has no axis 1");
  CHECK_REFUSED(tape, cumsum(scalar, 0), ShapeError, "cumsum: shape () has no axis 0");
}

TEMPLATE_TEST_CASE("cumsum adds a million numbers without losing digits", "", float, double) {
  Tape<TestType> tape;
  const auto x = tape.constant(Array<TestType>(Shape{1000000}, TestType(0.1)));
  const auto last = static_cast<double>(cumsum(x, 0).value()(999999));
  CHECK(last == Approx(100000).epsilon(1e-6));
}

TEST_CASE("logsumexp over several axes is that over one after the other") {
  Rng rng(1);
  const Array<double> numbers = anywhere(Shape{3, 4, 2, 5}, rng);
  Tape<double> tape;
  const auto x = tape.variable(numbers);
  const auto together = logsumexp(x, {0, 1, 3}), apart = logsumexp(logsumexp(x, {0, 1}), 1);
  CHECK(greatest_difference(together.value(), apart.value()) < 1e-14);
}
