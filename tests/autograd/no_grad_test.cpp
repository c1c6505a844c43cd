#include "autograd/no_grad.hpp"

#include <stdexcept>

#include "autograd/ops/ops.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

using namespace xtape;

TEST_CASE("Under NoGrad values are computed and nothing needs a gradient") {
  Tape<float> tape;
  const Array<float> weight(Shape{2}, 3.f);
  const auto outside = tape.variable(2.f);
  const NoGrad guard(tape);
  CHECK_FALSE(tape.grad_enabled());
  CHECK_FALSE(tape.variable(1.f).needs_grad());
  CHECK_FALSE(tape.parameter(weight).needs_grad());
  const auto y = outside * tape.parameter(weight);
  CHECK_FALSE(y.needs_grad());
  CHECK((y.value() == Array<float>(Shape{2}, 6.f)));
  CHECK(outside.needs_grad());
}

TEST_CASE("What was recorded under NoGrad is a constant to what follows") {
  Tape<float> tape;
  const auto x = tape.variable(3.f);
  const auto frozen = [&] {
    const NoGrad guard(tape);
    return x * x;
  }();
  tape.backward(frozen * x);
  CHECK(x.grad()() == 9.f);
}

TEST_CASE("A parameter first met under NoGrad gets its gradient from later ops") {
  Tape<float> tape;
  const Array<float> weight(Shape{2}, 3.f);
  const auto evaluated = [&] {
    const NoGrad guard(tape);
    return sum(square(tape.parameter(weight)));
  }();
  const auto w = tape.parameter(weight);
  CHECK(w.needs_grad());
  tape.backward(sum(w * 5.f) * evaluated);
  CHECK((tape.grad(weight) == Array<float>(Shape{2}, 90.f)));
}

TEST_CASE("NoGrad nests and ends with its scope, also by an exception") {
  Tape<float> tape, other;
  {
    const NoGrad outer(tape);
    {
      const NoGrad inner(tape);
      CHECK_FALSE(tape.grad_enabled());
    }
    CHECK_FALSE(tape.grad_enabled());
    CHECK(other.grad_enabled());
    tape.rewind();
    CHECK_FALSE(tape.grad_enabled());
  }
  CHECK(tape.grad_enabled());
  try {
    const NoGrad guard(tape);
    throw std::runtime_error("out of the scope");
  } catch (const std::runtime_error&) {
  }
  CHECK(tape.grad_enabled());
}
