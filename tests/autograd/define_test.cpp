#include "autograd/define.hpp"

#include <cstddef>
#include <string>

#include "autograd/ops/arithmetic.hpp"
#include "autograd/ops/reductions.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

using namespace xtape;

namespace {

/// a^2 b, whose gradients are expressions.
template <class T>
Variable<T> square_times(Variable<T> a, Variable<T> b) {
  return define(
      "square_times", {a, b}, a.value() * a.value() * b.value(),
      [=](auto y) { return T(2) * y.grad() * a.value() * b.value(); },
      [=](auto y) { return y.grad() * a.value() * a.value(); });
}

}  // namespace

TEMPLATE_TEST_CASE("define takes one gradient for each operand, in their order", "", float,
                   double) {
  using T = TestType;
  Tape<T> tape;
  const auto a = tape.variable(array_of(Shape{2}, {T(2), T(3)})), b = tape.variable(T(5));
  const auto y = square_times(a, b);
  tape.backward(sum(y));
  CHECK(y.op() == std::string("square_times"));
  CHECK((y.value() == array_of(Shape{2}, {T(20), T(45)})));
  CHECK((a.grad() == array_of(Shape{2}, {T(20), T(30)})));
  CHECK(b.grad()() == T(13));  // summed over the axis along which b was stretched
}

TEMPLATE_TEST_CASE("A gradient may write into the array itself", "", float, double) {
  using T = TestType;
  Tape<T> tape;
  const auto x = tape.variable(array_of(Shape{2}, {T(2), T(3)}));
  const auto first = define(
      "first", {x},
      [=](Array<T>& y) {
        resize(y, Shape{});
        y() = x.value()(0);
      },
      [](auto y, Array<T>& dx, T beta) {
        dx(0) = y.grad()() + (beta == T(0) ? T(0) : dx(0));
        dx(1) = beta == T(0) ? T(0) : dx(1);
      });
  tape.backward(first + sum(x));
  CHECK((x.grad() == array_of(Shape{2}, {T(2), T(1)})));
}

TEST_CASE("A gradient is not called for an operand that needs none") {
  static int called[2];
  called[0] = called[1] = 0;
  Tape<double> tape;
  const auto a = tape.constant(2.0), b = tape.variable(3.0);
  const auto y = define(
      "product", {a, b}, a.value() * b.value(),
      [=](auto result) {
        ++called[0];
        return result.grad() * b.value();
      },
      [=](auto result) {
        ++called[1];
        return result.grad() * a.value();
      });
  tape.backward(y);
  CHECK(called[0] == 0);
  CHECK(called[1] == 1);
  CHECK(b.grad()() == 2);
}

TEST_CASE("An operand may be given twice") {
  Tape<double> tape;
  const auto x = tape.variable(3.0);
  tape.backward(square_times(x, x));
  CHECK(x.grad()() == 27);
}

TEST_CASE("A gradient finds the operands through the result") {
  Tape<double> tape;
  const auto a = tape.variable(2.0), b = tape.variable(3.0), c = tape.variable(5.0);
  const auto y = define(
      "product", {a, b, c}, a.value() * b.value() * c.value(),
      [](auto r) { return r.grad() * r.input(1).value() * r.input(2).value(); },
      [](auto r) { return r.grad() * r.input(0).value() * r.input(2).value(); },
      [](auto r) { return r.grad() * r.input(0).value() * r.input(1).value(); });
  tape.backward(y);
  CHECK(a.grad()() == 15);
  CHECK(b.grad()() == 10);
  CHECK(c.grad()() == 6);
  CHECK(&y.input(2).value() == &c.value());
  CHECK(message_of([&] { y.input(3); }) == "input: 'product' has 3 operands, and no operand 3");
  CHECK(message_of([&] { a.input(0); }) == "input: 'variable' has 0 operands, and no operand 0");
  CHECK_THROWS_AS(y.input(3), TapeError);
  tape.rewind();
  CHECK_THROWS_AS(y.input(0), TapeError);
}

TEST_CASE("An op by define allocates nothing once its shapes repeat") {
  Tape<float> tape;
  const Array<float> a(Shape{64, 32}, 1.f), b(Shape{32}, 2.f);
  std::size_t before = 0;
  for (int step = 0; step < 3; ++step) {
    before = allocation_count();
    tape.rewind();
    tape.backward(sum(square_times(tape.parameter(a), tape.parameter(b))));
  }
  CHECK(allocation_count() == before);
}
