#include "autograd/ops/reductions.hpp"

#include <cmath>

#include "autograd/ops/arithmetic.hpp"
#include "tests/ops/evaluate.hpp"

using namespace xtape;

namespace {

/// Returns 0, 1, 2, ... in this shape.
template <class T>
Array<T> counting(const Shape& shape) {
  Array<T> x(shape);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x.data()[i] = static_cast<T>(i);
  }
  return x;
}

/// Constants, one for each shape, on a tape that is never differentiated.
Variable<float> ones(Tape<float>& tape, const Shape& shape) {
  return tape.constant(Array<float>(shape, 1.f));
}

}  // namespace

TEMPLATE_TEST_CASE("sum adds up over the axes", "", float, double) {
  using T = TestType;
  Tape<T> tape;
  const auto x = tape.variable(counting<T>(Shape{2, 2, 3}));
  CHECK((sum(x).value() == array_of<T>(Shape{}, {66})));
  CHECK((sum(x, Axes::all(), true).value() == array_of<T>(Shape{1, 1, 1}, {66})));
  CHECK((sum(x, 0).value() == array_of<T>(Shape{2, 3}, {6, 8, 10, 12, 14, 16})));
  CHECK((sum(x, 1).value() == array_of<T>(Shape{2, 3}, {3, 5, 7, 15, 17, 19})));
  CHECK((sum(x, -1).value() == array_of<T>(Shape{2, 2}, {3, 12, 21, 30})));
  CHECK((sum(x, 1, true).value() == array_of<T>(Shape{2, 1, 3}, {3, 5, 7, 15, 17, 19})));
  CHECK((sum(x, {0, -1}).value() == array_of<T>({24, 42})));
  CHECK((sum(x, {2, 0}, true).value() == array_of<T>(Shape{1, 2, 1}, {24, 42})));
  CHECK((sum(x, {1, 2}).value() == array_of<T>({15, 51})));
}

TEMPLATE_TEST_CASE("sum spreads its gradient", "", float, double) {
  using T = TestType;
  const auto weighted = [](auto x) { return sum(x, 1) * x.tape().constant(array_of<T>({2, 3})); };
  CHECK((evaluate(weighted, counting<T>(Shape{2, 3})).grad ==
         array_of<T>(Shape{2, 3}, {2, 2, 2, 3, 3, 3})));
}

TEMPLATE_TEST_CASE("the sum of no elements is 0", "", float, double) {
  using T = TestType;
  Tape<T> tape;
  CHECK((sum(tape.constant(Array<T>(Shape{0}))).value() == array_of<T>(Shape{}, {0})));
  CHECK((sum(tape.constant(Array<T>(Shape{0, 2})), 0).value() == array_of<T>({0, 0})));
  CHECK((sum(tape.constant(Array<T>(Shape{2, 0})), 0).value().shape() == Shape{0}));
}

TEMPLATE_TEST_CASE("sum and mean agree with plain sums at every length", "", float, double) {
  Rng rng(5);
  for (const std::size_t length : ragged_lengths) {
    const Array<double> x = anywhere(Shape{3, length}, rng);
    Array<double> rows(Shape{3}, 0.0), columns(Shape{length}, 0.0);
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < length; ++j) {
        rows(i) += x(i, j) / static_cast<double>(length);
        columns(j) += x(i, j);
      }
    }
    Tape<TestType> tape;
    const auto v = tape.constant(converted<TestType>(x));
    INFO(length << " elements");
    CHECK(greatest_difference(mean(v, 1).value(), rows) < rounding<TestType>);
    CHECK(greatest_difference(sum(v, 0).value(), columns) < rounding<TestType>);
  }
}

TEST_CASE("a long sum of floats keeps its digits") {
  Tape<float> tape;
  const auto x = tape.constant(Array<float>(Shape{1000000}, 0.1f));
  CHECK(sum(x).item() == Approx(1e6 * static_cast<double>(0.1f)).epsilon(1e-5));
  CHECK(mean(x).item() == Approx(0.1).epsilon(1e-5));
}

TEMPLATE_TEST_CASE("mean divides by the number of elements", "", float, double) {
  using T = TestType;
  Tape<T> tape;
  const auto x = tape.variable(counting<T>(Shape{2, 4}));
  CHECK((mean(x).value() == array_of<T>(Shape{}, {3.5})));
  CHECK((mean(x, 0).value() == array_of<T>({2, 3, 4, 5})));
  CHECK((mean(x, 1, true).value() == array_of<T>(Shape{2, 1}, {1.5, 5.5})));
  CHECK((evaluate([](auto v) { return mean(v, 1); }, counting<T>(Shape{2, 4})).grad ==
         Array<T>(Shape{2, 4}, T(0.25))));
}

TEMPLATE_TEST_CASE("max takes the largest along an axis", "", float, double) {
  using T = TestType;
  Tape<T> tape;
  const auto x = tape.variable(array_of<T>(Shape{2, 3}, {1, 5, -2, 4, -6, -1}));
  CHECK((max(x, 0).value() == array_of<T>({4, 5, -1})));
  CHECK((max(x, 1).value() == array_of<T>({5, 4})));
  CHECK((max(x, -1, true).value() == array_of<T>(Shape{2, 1}, {5, 4})));
  tape.backward(sum(max(x, 1) * tape.constant(array_of<T>({2, 3}))));
  CHECK((x.grad() == array_of<T>(Shape{2, 3}, {0, 2, 0, 3, 0, 0})));
}

TEMPLATE_TEST_CASE("the first of equal elements gets the gradient of max", "", float, double) {
  using T = TestType;
  const Array<T> x = array_of<T>(Shape{2, 3}, {7, 7, 7, 1, 7, 7});
  const auto along = [&](std::ptrdiff_t axis) {
    return evaluate([=](auto v) { return max(v, axis); }, x).grad;
  };
  CHECK((along(1) == array_of<T>(Shape{2, 3}, {1, 0, 0, 0, 1, 0})));
  CHECK((along(0) == array_of<T>(Shape{2, 3}, {1, 1, 1, 0, 0, 0})));
}

TEMPLATE_TEST_CASE("max takes any axes", "", float, double) {
  using T = TestType;
  Tape<T> tape;
  const Array<T> x = array_of<T>(Shape{2, 2, 3}, {1, 9, -2, 4, 0, 9, 9, 3, 7, 5, 6, 2});
  const auto v = tape.variable(x);
  CHECK((max(v).value() == array_of<T>(Shape{}, {9})));
  CHECK((max(v, Axes::all(), true).value() == array_of<T>(Shape{1, 1, 1}, {9})));
  CHECK((max(v, {0, 1}).value() == array_of<T>({9, 9, 9})));
  CHECK((max(v, {0, -1}).value() == array_of<T>({9, 9})));
  CHECK((max(v, {2, 0}, true).value() == array_of<T>(Shape{1, 2, 1}, {9, 9})));
  // Of equal elements the first in row-major order gets the gradient, over any axes.
  const auto gradient = [&](const Axes& axes) {
    return evaluate([=](auto y) { return max(y, axes); }, x).grad;
  };
  CHECK(
      (gradient(Axes::all()) == array_of<T>(Shape{2, 2, 3}, {0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})));
  CHECK((gradient({0, 2}) == array_of<T>(Shape{2, 2, 3}, {0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0})));
  CHECK((gradient({0, 1}) == array_of<T>(Shape{2, 2, 3}, {0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0})));
}

TEST_CASE("max of a scalar is the scalar") {
  const auto computed = evaluate([](auto v) { return max(v); }, array_of<double>(Shape{}, {3}));
  CHECK(computed.value.data()[0] == 3);
  CHECK(computed.grad.data()[0] == 1);
}

TEMPLATE_TEST_CASE("min takes the smallest", "", float, double) {
  using T = TestType;
  const Array<T> x = array_of<T>(Shape{2, 3}, {1, 5, -2, 4, -2, -1});
  const auto all = evaluate([](auto v) { return min(v); }, x);
  CHECK((all.value == array_of<T>(Shape{}, {-2})));
  CHECK((all.grad == array_of<T>(Shape{2, 3}, {0, 0, 1, 0, 0, 0})));
  const auto columns = evaluate([](auto v) { return min(v, 0, true); }, x);
  CHECK((columns.value == array_of<T>(Shape{1, 3}, {1, -2, -2})));
  CHECK((columns.grad == array_of<T>(Shape{2, 3}, {1, 0, 1, 0, 1, 0})));
  const auto beside_nan =
      evaluate([](auto v) { return min(v, 0); }, array_of<T>({1, not_a_number, -infinity}));
  CHECK(std::isnan(beside_nan.value.data()[0]));
  CHECK((beside_nan.grad == array_of<T>({0, 1, 0})));
}

TEMPLATE_TEST_CASE("NaN counts as the largest", "", float, double) {
  using T = TestType;
  for (const auto& row : {std::vector<double>{1, not_a_number, infinity},
                          std::vector<double>{1, not_a_number, not_a_number}}) {
    const auto computed = evaluate([](auto v) { return max(v, 0); }, array_of<T>(row));
    CHECK(std::isnan(computed.value.data()[0]));
    CHECK((computed.grad == array_of<T>({0, 1, 0})));
  }
  const auto minus_infinity = array_of<T>({-infinity, -infinity});
  CHECK((evaluate([](auto v) { return max(v, 0); }, minus_infinity).grad == array_of<T>({1, 0})));
}

TEST_CASE("reductions refuse axes that are not there") {
  Tape<float> tape;
  const auto x = ones(tape, {2, 3}), scalar = ones(tape, {});
  CHECK_THROWS_AS(sum(x, 2), ShapeError);
  CHECK(failure_of(tape, [&] { sum(x, 2); }) == "sum: shape (2, 3) has no axis 2");
  CHECK(failure_of(tape, [&] { mean(x, -3); }) == "mean: shape (2, 3) has no axis -3");
  CHECK(failure_of(tape, [&] { max(x, 2); }) == "max: shape (2, 3) has no axis 2");
  CHECK(failure_of(tape, [&] { max(scalar, -1); }) == "max: shape () has no axis -1");
  CHECK(failure_of(tape, [&] { sum(scalar, 0); }) == "sum: shape () has no axis 0");
  CHECK_THROWS_AS(sum(x, {1, -1}), ShapeError);
  CHECK(failure_of(tape, [&] { sum(x, {1, -1}); }) == "sum: axis -1 is named twice");
  CHECK(failure_of(tape, [&] { mean(x, {0, 0}); }) == "mean: axis 0 is named twice");
}

TEST_CASE("mean and max refuse to reduce no elements") {
  Tape<float> tape;
  const auto x = ones(tape, {0, 3});
  CHECK_THROWS_AS(mean(x), ShapeError);
  CHECK(failure_of(tape, [&] { mean(x); }) == "mean: (0, 3) has no elements to average");
  CHECK(failure_of(tape, [&] { mean(x, 0); }) == "mean: (0, 3) has no elements to average");
  CHECK(mean(x, 1).shape() == Shape{0});
  CHECK_THROWS_AS(max(x, 0), ShapeError);
  CHECK(failure_of(tape, [&] { max(x, 0); }) == "max: axis 0 of (0, 3) is empty");
  CHECK(max(x, 1).shape() == Shape{0});
  CHECK(failure_of(tape, [&] { max(x); }) == "max: axis 0 of (0, 3) is empty");
  CHECK(failure_of(tape, [&] { min(x, {1, 0}); }) == "min: axis 0 of (0, 3) is empty");
  CHECK(failure_of(tape, [&] { min(x, {1, -1}); }) == "min: axis -1 is named twice");
}
