#include "autograd/ops/arithmetic.hpp"

#include <cmath>

#include "tests/support/evaluate.hpp"

using namespace xtape;

TEMPLATE_TEST_CASE("arithmetic takes numbers of any type on either side", "", float, double) {
  using T = TestType;
  const auto value = [](auto op) { return evaluate(op, array_of<T>({1, -2, 8})).value; };
  CHECK((value([](auto x) { return x + 2; }) == array_of<T>({3, 0, 10})));
  CHECK((value([](auto x) { return 2 + x; }) == array_of<T>({3, 0, 10})));
  CHECK((value([](auto x) { return x - 2; }) == array_of<T>({-1, -4, 6})));
  CHECK((value([](auto x) { return 2 - x; }) == array_of<T>({1, 4, -6})));
  CHECK((value([](auto x) { return x * 2.5; }) == array_of<T>({2.5, -5, 20})));
  CHECK((value([](auto x) { return 2.5f * x; }) == array_of<T>({2.5, -5, 20})));
  CHECK((value([](auto x) { return x / 2; }) == array_of<T>({0.5, -1, 4})));
  CHECK((value([](auto x) { return 2 / x; }) == array_of<T>({2, -1, 0.25})));
}

TEMPLATE_TEST_CASE("the number 0 follows IEEE arithmetic", "", float, double) {
  CHECK(at_point<TestType>([](auto x) { return x / 0; }, -1).value == -infinity);
  CHECK(std::isnan(at_point<TestType>([](auto x) { return x * 0; }, infinity).value));
}

TEST_CASE("arithmetic refuses shapes that do not broadcast, and operands of different tapes") {
  Tape<float> tape, other;
  const auto a = tape.variable(Array<float>(Shape{2, 3}, 1.f));
  const auto b = tape.variable(Array<float>(Shape{2}, 1.f)), c = other.variable(2);
  CHECK_REFUSED(tape, a + b, ShapeError, "add: shapes (2, 3) and (2) do not broadcast");
  CHECK_REFUSED(tape, a - b, ShapeError, "subtract: shapes (2, 3) and (2) do not broadcast");
  CHECK_REFUSED(tape, a * b, ShapeError, "multiply: shapes (2, 3) and (2) do not broadcast");
  CHECK_REFUSED(tape, a / b, ShapeError, "divide: shapes (2, 3) and (2) do not broadcast");
  CHECK_REFUSED(tape, a + c, TapeError, "add: the operands live on different tapes");
  CHECK_REFUSED(tape, a - c, TapeError, "subtract: the operands live on different tapes");
  CHECK_REFUSED(tape, c * a, TapeError, "multiply: the operands live on different tapes");
  CHECK_REFUSED(tape, c / a, TapeError, "divide: the operands live on different tapes");
}
