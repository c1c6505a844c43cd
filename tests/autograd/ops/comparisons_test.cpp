#include "autograd/ops/comparisons.hpp"

#include <cmath>

#include "autograd/ops/arithmetic.hpp"
#include "autograd/ops/math.hpp"
#include "tests/support/evaluate.hpp"

using namespace xtape;

TEMPLATE_TEST_CASE("comparisons give 0 and 1, for numbers, arrays and Variables", "", float,
                   double) {
  using T = TestType;
  Tape<T> tape;
  const Array<T> twos{2, 2, 2};
  const auto x = tape.variable(array_of<T>({1, 2, 3})), y = tape.variable(twos);
  const auto is = [](Variable<T> mask, const std::vector<double>& wanted) {
    return mask.value() == array_of<T>(wanted);
  };
  CHECK(is(x > y, {0, 0, 1}));
  CHECK(is(x > 2, {0, 0, 1}));
  CHECK(is(2 > x, {1, 0, 0}));
  CHECK(is(x > twos, {0, 0, 1}));
  CHECK(is(twos > x, {1, 0, 0}));
  CHECK(is(x < y, {1, 0, 0}));
  CHECK(is(2 < x, {0, 0, 1}));
  CHECK(is(x >= y, {0, 1, 1}));
  CHECK(is(2 >= x, {1, 1, 0}));
  CHECK(is(x <= twos, {1, 1, 0}));
  CHECK(is(2 <= x, {0, 1, 1}));
  CHECK(is(x == y, {0, 1, 0}));
  CHECK(is(twos == x, {0, 1, 0}));
  CHECK(is(2 == x, {0, 1, 0}));
  CHECK(is(x != y, {1, 0, 1}));
  CHECK(is(x != 2, {1, 0, 1}));
}

TEST_CASE("comparisons hold for no NaN, but for !=") {
  Tape<double> tape;
  const auto x = tape.constant(not_a_number);
  for (const auto& mask : {x > 0.0, x < 0.0, x >= 0.0, x <= 0.0, x == 0.0, x == x}) {
    CHECK(mask.item() == 0);
  }
  CHECK((x != x).item() == 1);
}

TEST_CASE("a mask needs no gradient") {
  Tape<float> tape;
  const auto x = tape.variable(array_of<float>({-1, 2}));
  const auto mask = x > 0;
  CHECK_FALSE(mask.needs_grad());
  CHECK((x * mask).needs_grad());
  CHECK(tape.grad_enabled());
  CHECK(std::string(mask.op()) == "greater");
  CHECK(&mask.input(0).value() == &x.value());
}

TEST_CASE("where lets no gradient and no NaN through from what was not chosen") {
  Tape<double> tape;
  const auto x = tape.variable(array_of<double>({0, 4}));
  // where() passes the gradient 0 to sqrt. The slope of sqrt at 0 is infinite, so sqrt makes a NaN.
  const auto y = where(x > 0, sqrt(x), x * 3);
  tape.backward(sum(y));
  CHECK((y.value() == array_of<double>({0, 2})));
  CHECK(std::isnan(x.grad()(0)));  // through sqrt itself: 0 times its slope
  CHECK(x.grad()(1) == 0.25);

  tape.rewind();
  const auto a = tape.variable(array_of<double>({1, not_a_number}));
  const auto b = tape.variable(array_of<double>({infinity, 5}));
  const auto chosen = where(tape.constant(array_of<double>({1, 0})), a, b);
  tape.backward(sum(chosen * chosen));
  CHECK((chosen.value() == array_of<double>({1, 5})));
  CHECK((a.grad() == array_of<double>({2, 0})));
  CHECK((b.grad() == array_of<double>({0, 10})));
}

TEST_CASE("where broadcasts mask and operands") {
  Tape<double> tape;
  const auto mask = tape.constant(array_of<double>(Shape{2, 1}, {1, 0}));
  const auto a = tape.variable(array_of<double>({1, 2, 3})), b = tape.variable(-1);
  const auto y = where(mask, a, b);
  tape.backward(sum(y));
  CHECK((y.value() == array_of<double>(Shape{2, 3}, {1, 2, 3, -1, -1, -1})));
  CHECK((a.grad() == array_of<double>({1, 1, 1})));
  CHECK(b.grad()() == 3);
}

TEST_CASE("where takes an array for either side, and passes a mask no gradient") {
  Tape<float> tape;
  const Array<float> zeros{0, 0};
  const auto x = tape.variable(array_of<float>({1, 2}));
  CHECK((where(x > 1, x, zeros).value() == array_of<float>({0, 2})));
  CHECK((where(x > 1, zeros, x).value() == array_of<float>({1, 0})));
  const auto mask = tape.variable(array_of<float>({1, 0}));
  tape.backward(sum(where(mask, x, 7)));
  CHECK((x.grad() == array_of<float>({1, 0})));
  CHECK_FAILS(mask.grad(), TapeError, "'variable' has no gradient: the loss does not depend on it");
}

TEST_CASE("maximum, minimum, pow and atan2 take an array for either operand") {
  Tape<double> tape;
  const Array<double> twos{2, 2};
  const auto x = tape.variable(array_of<double>({1, 3}));
  CHECK((maximum(x, twos).value() == array_of<double>({2, 3})));
  CHECK((maximum(twos, x).value() == array_of<double>({2, 3})));
  CHECK((minimum(x, twos).value() == array_of<double>({1, 2})));
  CHECK((minimum(twos, x).value() == array_of<double>({1, 2})));
  CHECK((pow(x, twos).value() == array_of<double>({1, 9})));
  CHECK((pow(twos, x).value() == array_of<double>({2, 8})));
  CHECK((atan2(x, twos).value() == array_of<double>({std::atan2(1, 2), std::atan2(3, 2)})));
  CHECK((atan2(twos, x).value() == array_of<double>({std::atan2(2, 1), std::atan2(2, 3)})));
}

TEST_CASE("clip refuses bounds in the wrong order") {
  Tape<float> tape;
  const auto x = tape.variable(1);
  CHECK_REFUSED(tape, clip(x, 2, 1), ValueError, "clip: expected bounds low <= high, got 2 and 1");
  CHECK_REFUSED(tape, clip(x, std::nanf(""), 1), ValueError,
                "clip: expected bounds low <= high, got nan and 1");
  CHECK(clip(x, 1, 1).item() == 1);
}

TEST_CASE("comparisons refuse shapes that do not broadcast") {
  Tape<float> tape;
  const auto x = tape.variable(array_of<float>({1, 2})),
             y = tape.variable(array_of<float>({1, 2, 3}));
  CHECK_REFUSED(tape, x > y, ShapeError, "greater: shapes (2) and (3) do not broadcast");
  CHECK_REFUSED(tape, where(x, x, y), ShapeError, "where: shapes (2) and (3) do not broadcast");
}

TEST_CASE("atan2 has the right gradient where the squares of its operands are 0 or infinite") {
  for (const float size : {1e-30f, 1.f, 1e25f}) {
    Tape<float> tape;
    const auto a = tape.variable(size), b = tape.variable(size);
    tape.backward(atan2(a, b));
    CHECK(a.grad()() == Approx(0.5f / size));
    CHECK(b.grad()() == Approx(-0.5f / size));
  }
}
