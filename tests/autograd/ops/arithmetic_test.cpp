#include "autograd/ops/arithmetic.hpp"

#include <cmath>

#include "tests/ops/evaluate.hpp"

using namespace xtape;

namespace {

/// Returns the value of op(a, b), and both gradients of its sum.
template <class T>
struct BinaryResult {
  Array<T> value, grad_a, grad_b;
};

template <class T, class Op>
BinaryResult<T> apply(Op op, const Array<T>& a, const Array<T>& b) {
  Tape<T> tape;
  const Variable<T> x = tape.variable(a), y = tape.variable(b), result = op(x, y);
  tape.backward(sum(result));
  return {result.value(), x.grad(), y.grad()};
}

}  // namespace

TEMPLATE_TEST_CASE("arithmetic is element by element", "", float, double) {
  using T = TestType;
  const Array<T> a = array_of<T>({1, -2, 3, 8}), b = array_of<T>({4, 0.5, -2, 2});
  const Array<T> ones = array_of<T>({1, 1, 1, 1});

  const auto added = apply([](auto x, auto y) { return x + y; }, a, b);
  CHECK((added.value == array_of<T>({5, -1.5, 1, 10})));
  CHECK((added.grad_a == ones));
  CHECK((added.grad_b == ones));

  const auto subtracted = apply([](auto x, auto y) { return x - y; }, a, b);
  CHECK((subtracted.value == array_of<T>({-3, -2.5, 5, 6})));
  CHECK((subtracted.grad_a == ones));
  CHECK((subtracted.grad_b == array_of<T>({-1, -1, -1, -1})));

  const auto multiplied = apply([](auto x, auto y) { return x * y; }, a, b);
  CHECK((multiplied.value == array_of<T>({4, -1, -6, 16})));
  CHECK((multiplied.grad_a == b));
  CHECK((multiplied.grad_b == a));

  const auto divided = apply([](auto x, auto y) { return x / y; }, a, b);
  CHECK((divided.value == array_of<T>({0.25, -4, -1.5, 4})));
  CHECK((divided.grad_a == array_of<T>({0.25, 2, -0.5, 0.5})));
  CHECK((divided.grad_b == array_of<T>({-0.0625, 8, -0.75, -2})));

  const auto negated = evaluate([](auto x) { return -x; }, a);
  CHECK((negated.value == array_of<T>({-1, 2, -3, -8})));
  CHECK((negated.grad == array_of<T>({-1, -1, -1, -1})));
}

TEMPLATE_TEST_CASE("arithmetic takes numbers on either side", "", float, double) {
  using T = TestType;
  const auto value = [](auto op) { return evaluate(op, array_of<T>({1, -2, 8})).value; };
  const auto grad = [](auto op) { return evaluate(op, array_of<T>({1, -2, 8})).grad; };
  CHECK((value([](auto x) { return x + 2; }) == array_of<T>({3, 0, 10})));
  CHECK((value([](auto x) { return 2 + x; }) == array_of<T>({3, 0, 10})));
  CHECK((value([](auto x) { return x - 2; }) == array_of<T>({-1, -4, 6})));
  CHECK((value([](auto x) { return 2 - x; }) == array_of<T>({1, 4, -6})));
  CHECK((value([](auto x) { return x * 2.5; }) == array_of<T>({2.5, -5, 20})));
  CHECK((value([](auto x) { return 2.5f * x; }) == array_of<T>({2.5, -5, 20})));
  CHECK((value([](auto x) { return x / 2; }) == array_of<T>({0.5, -1, 4})));
  CHECK((value([](auto x) { return 2 / x; }) == array_of<T>({2, -1, 0.25})));
  CHECK((grad([](auto x) { return 2 - x; }) == array_of<T>({-1, -1, -1})));
  CHECK((grad([](auto x) { return x * 2.5; }) == array_of<T>({2.5, 2.5, 2.5})));
  CHECK((grad([](auto x) { return x / 2; }) == array_of<T>({0.5, 0.5, 0.5})));
  CHECK((grad([](auto x) { return 2 / x; }) == array_of<T>({-2, -0.5, -0.03125})));
}

TEMPLATE_TEST_CASE("arithmetic broadcasts, and sums gradients over what it stretched", "", float,
                   double) {
  using T = TestType;
  const Array<T> matrix = array_of<T>(Shape{2, 3}, {1, 2, 3, 4, 5, 6});
  const auto product = [](auto x, auto y) { return x * y; };

  const auto row = apply(product, matrix, array_of<T>({1, 10, 100}));
  CHECK((row.value == array_of<T>(Shape{2, 3}, {1, 20, 300, 4, 50, 600})));
  CHECK((row.grad_a == array_of<T>(Shape{2, 3}, {1, 10, 100, 1, 10, 100})));
  CHECK((row.grad_b == array_of<T>({5, 7, 9})));

  const auto column = apply(product, matrix, array_of<T>(Shape{2, 1}, {1, 10}));
  CHECK((column.value == array_of<T>(Shape{2, 3}, {1, 2, 3, 40, 50, 60})));
  CHECK((column.grad_b == array_of<T>(Shape{2, 1}, {6, 15})));

  const auto outer =
      apply(product, array_of<T>(Shape{2, 1}, {1, 10}), array_of<T>(Shape{1, 3}, {1, 2, 3}));
  CHECK((outer.value == array_of<T>(Shape{2, 3}, {1, 2, 3, 10, 20, 30})));
  CHECK((outer.grad_a == array_of<T>(Shape{2, 1}, {6, 6})));
  CHECK((outer.grad_b == array_of<T>(Shape{1, 3}, {11, 11, 11})));

  const auto scalar = apply(product, array_of<T>(Shape{}, {2}), matrix);
  CHECK((scalar.value == array_of<T>(Shape{2, 3}, {2, 4, 6, 8, 10, 12})));
  CHECK((scalar.grad_a == array_of<T>(Shape{}, {21})));

  const auto empty = apply(product, array_of<T>(Shape{0, 3}, {}), array_of<T>({1, 2, 3}));
  CHECK((empty.value.shape() == Shape{0, 3}));
  CHECK((empty.grad_b == array_of<T>({0, 0, 0})));
}

TEMPLATE_TEST_CASE("division follows IEEE arithmetic", "", float, double) {
  CHECK(at_point<TestType>([](auto x) { return 1 / x; }, 0).value == infinity);
  CHECK(at_point<TestType>([](auto x) { return x / 0; }, -1).value == -infinity);
  CHECK(std::isnan(at_point<TestType>([](auto x) { return x / x; }, 0).value));
  CHECK(std::isnan(at_point<TestType>([](auto x) { return x * 0; }, infinity).value));
}

TEMPLATE_TEST_CASE("an operand may be used twice", "", float, double) {
  CHECK((evaluate([](auto x) { return x * x; }, array_of<TestType>({3, -2})).grad ==
         array_of<TestType>({6, -4})));
  CHECK((evaluate([](auto x) { return x + x; }, array_of<TestType>({3, -2})).grad ==
         array_of<TestType>({2, 2})));
  CHECK((evaluate([](auto x) { return x - x; }, array_of<TestType>({3, -2})).grad ==
         array_of<TestType>({0, 0})));
}

TEST_CASE("arithmetic refuses shapes that do not broadcast") {
  Tape<float> tape;
  const auto a = tape.variable(array_of<float>(Shape{2, 3}, {1, 2, 3, 4, 5, 6}));
  const auto b = tape.variable(array_of<float>({1, 2}));
  CHECK_THROWS_AS(a + b, ShapeError);
  CHECK(failure_of(tape, [&] { a + b; }) == "add: shapes (2, 3) and (2) do not broadcast");
  CHECK(failure_of(tape, [&] { a - b; }) == "subtract: shapes (2, 3) and (2) do not broadcast");
  CHECK(failure_of(tape, [&] { a* b; }) == "multiply: shapes (2, 3) and (2) do not broadcast");
  CHECK(failure_of(tape, [&] { a / b; }) == "divide: shapes (2, 3) and (2) do not broadcast");
}

TEST_CASE("arithmetic refuses operands of different tapes") {
  Tape<float> tape, other;
  const auto a = tape.variable(1), b = other.variable(2);
  CHECK_THROWS_AS(a + b, TapeError);
  CHECK(failure_of(tape, [&] { a + b; }) == "add: the operands live on different tapes");
  CHECK(failure_of(tape, [&] { a - b; }) == "subtract: the operands live on different tapes");
  CHECK(failure_of(tape, [&] { b* a; }) == "multiply: the operands live on different tapes");
  CHECK(failure_of(tape, [&] { b / a; }) == "divide: the operands live on different tapes");
}
