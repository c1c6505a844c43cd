#include <cstddef>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "autograd/check/anomaly.hpp"
#include "autograd/checkpoint.hpp"
#include "autograd/no_grad.hpp"
#include "autograd/ops/ops.hpp"
#include "autograd/record.hpp"
#include "autograd/scope.hpp"
#include "autograd/tape.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/complaints.hpp"

// checkpoint(): what goes wrong in its function.

using namespace xtape;

TEST_CASE("If the function throws, the tape is as before") {
  const Array<double> parameter(Shape{2}, 3.0), mean(Shape{1}, 0.0);
  Tape<double> tape;
  const auto x = tape.variable(Array<double>(Shape{2}, 1.0));
  bool fails = true;
  const auto f = [&](Variable<double> v) {
    const auto y = dropout(v * v.tape().parameter(parameter), 0.5, v.tape().rng());
    v.tape().observe(mean, v.tape().keep<double>(1));
    if (fails) {
      throw std::runtime_error("no");
    }
    return sum(y);
  };
  const auto before = tape.rng().state();
  CHECK_THROWS_WITH(checkpoint(f, x), "no");
  CHECK(tape.size() == 1);
  CHECK(tape.rng().state() == before);
  CHECK(tape.observations().empty());
  fails = false;
  const auto y = checkpoint(f, x);
  const auto after = tape.rng().state();
  CHECK(after != before);
  fails = true;
  CHECK_THROWS_WITH(tape.backward(y), "no");
  CHECK_FALSE(tape.differentiated());
  CHECK(tape.find_grad(parameter) == nullptr);
  CHECK_THROWS_AS(x.grad(), TapeError);
  CHECK(tape.rng().state() == after);
  fails = false;
  tape.backward(y);
  CHECK(tape.rng().state() == after);
  const Array<double> expected = tape.grad(parameter);
  tape.rewind();
  tape.rng() = [&] {
    Rng rng{0};
    rng.restore(before);
    return rng;
  }();
  tape.backward(f(tape.variable(Array<double>(Shape{2}, 1.0))));
  CHECK(elements(tape.grad(parameter)) == elements(expected));
}

TEST_CASE("An exception between contributions leaves no gradient behind") {
  const Array<double> parameter(Shape{2}, 3.0);
  Tape<double> tape;
  bool fails = true;
  const auto f = [&](Variable<double> v) {
    const auto p = v.tape().parameter(parameter);
    const auto h = v * p;
    const auto z = record("fragile", {h}, 2.0 * h.value(), [h, &fails](Variable<double> y) {
      if (fails) {
        throw std::runtime_error("no");
      }
      accumulate(h, 2.0 * y.grad());
    });
    return sum(z * p);
  };
  const auto x = tape.variable(Array<double>(Shape{2}, 1.0));
  const auto y = checkpoint(f, x) * sum(tape.parameter(parameter));
  CHECK_THROWS_WITH(tape.backward(y), "no");
  CHECK(tape.find_grad(parameter) == nullptr);
  fails = false;
  tape.backward(y);
  // y = 2 x p p . sum p = 36 . 6 with dp = 4 x p sum p + 2 sum x p p
  CHECK((tape.grad(parameter) == Array<double>(Shape{2}, 4 * 3 * 6.0 + 36)));
}

TEST_CASE("No memory at any allocation leaves the tape as before") {
  COUNTING_OR_SKIP();
  const Array<float> weight(Shape{6, 6}, 0.3f), input(Shape{300, 6}, 0.5f);
  const auto f = [&](Variable<float> h) {
    return dropout(tanh(matmul(h, h.tape().parameter(weight))), 0.3, h.tape().rng());
  };
  bool failed = true;
  for (std::size_t k = 1; failed; ++k) {
    INFO("allocation " << k);
    REQUIRE(k < 1000);
    Tape<float> tape;
    const auto x = tape.variable(input);
    const auto before = tape.rng().state();
    bool threw = false;
    {
      const FailingAllocation failing(k);
      try {
        tape.backward(sum(checkpoint(f, x)));
      } catch (const std::bad_alloc&) {
        threw = true;
      }
      failed = failing.failed();
    }
    REQUIRE(threw == failed);
    if (threw) {
      CHECK_FALSE(tape.differentiated());
      CHECK((tape.size() == 1 ? tape.rng().state() == before : tape.size() <= 4));
      tape.rewind();
      const auto again = tape.variable(input);
      tape.backward(sum(checkpoint(f, again)));
      CHECK(again.grad().size() == input.size());
    }
  }
}

TEST_CASE("Variables of other tapes are refused, with what to do") {
  Tape<double> tape, other;
  const auto x = tape.variable(2.0), z = tape.variable(3.0), far = other.variable(1.0);
  const char* const pass =
      "multiply: the operands live on different tapes; pass the Variables that the function of "
      "checkpoint() reads to checkpoint()";
  CHECK_FAILS(checkpoint([=](auto v) { return v * z; }, x), TapeError, pass);
  CHECK_FAILS(checkpoint([=](auto v) { return z * v; }, x), TapeError, pass);
  CHECK_FAILS(checkpoint([=](auto) { return z; }, x), TapeError,
              "checkpoint: the function returned 'variable' of another tape than its arguments");
  CHECK_FAILS(checkpoint([](auto a, auto b) { return a * b; }, x, far), TapeError,
              "checkpoint: the operands live on different tapes");
  CHECK_FAILS(checkpoint([=](auto) { return checkpoint([](auto v) { return v; }, z); }, x),
              TapeError,
              "checkpoint: within its function, checkpoint() takes the arguments of the function, "
              "and not a Variable of the outer tape");
  CHECK_FAILS(checkpoint([](auto v) { return v; }, Variable<double>{}), TapeError,
              "a Variable without a value: nothing was assigned to it");
  const char* const ends =
      "checkpoint: the function called backward() or rewind() of the tape of its arguments";
  const auto differentiates = [](Variable<double> v) {
    v.tape().backward(v * v);
    return v * v;
  };
  const auto rewinds = [](Variable<double> v) {
    v.tape().rewind();
    return v.tape().constant(1.0);
  };
  CHECK_FAILS(checkpoint(differentiates, x), TapeError, ends);
  CHECK_FAILS(checkpoint(rewinds, x), TapeError, ends);
  CHECK(tape.size() == 2);
  Variable<double> leaked;
  const auto leaking = [&leaked](Variable<double> v) { return leaked = v * v; };
  CHECK(checkpoint(leaking, x).item() == 4);
  CHECK_FAILS(leaked.value(), TapeError, "stale Variable: recorded before Tape::rewind()");
}

TEST_CASE("The function cannot release the tapes that it works on") {
  Tape<float> tape;
  const auto x = tape.variable(Array<float>{1, 2});
  const std::string refused = "release: called within the function of checkpoint()";
  const auto outer = [&](Variable<float> v) {
    tape.release();
    return v;
  };
  const auto inner = [](Variable<float> v) {
    v.tape().release();
    return v;
  };
  CHECK_FAILS(checkpoint(outer, x), TapeError, refused);
  CHECK_FAILS(checkpoint(inner, x), TapeError, refused);
  const auto rewinds_first = [&](Variable<float> v) {
    v.tape().rewind();
    tape.release();
    return v;
  };
  CHECK_FAILS(checkpoint(rewinds_first, x), TapeError, refused);
  {
    const NoGrad guard(tape);
    CHECK_FAILS(checkpoint(outer, x), TapeError, refused);
  }
  const auto y = checkpoint([](Variable<float> v) { return sum(v * v); }, x);
  tape.backward(y);
  CHECK((x.grad() == Array<float>{2, 4}));
  const std::size_t both = tape.memory();
  tape.release();
  CHECK(tape.memory() == 0);
  CHECK(both > 0);
}

TEST_CASE("A function that computes something else in backward is refused") {
  const Array<double> first(Shape{2}, 3.0), second(Shape{2}, 4.0);
  Tape<double> tape;
  int call = 0;
  const auto grows = [&](Variable<double> v) { return ++call == 1 ? v * v : v * v * sum(v); };
  auto x = tape.variable(2.0);
  const auto shrinks = [&](Variable<double> v) {
    return ++call % 2 == 1 ? v * v : concatenate(reshape(v, {1}), reshape(v, {1}));
  };
  CHECK_FAILS(tape.backward(checkpoint(shrinks, x)), TapeError,
              "checkpoint: in backward, the function gave 'concatenate' (2), and () before");
  CHECK_FAILS(tape.backward(checkpoint(
                  [&](auto v) { return ++call % 2 == 1 ? v * v : v.tape().constant(1.0); }, x)),
              TapeError,
              "checkpoint: in backward, the function gave 'constant' () without a gradient, and () "
              "before");
  call = 0;
  const auto reads = [&](Variable<double> v) {
    return sum(v * v.tape().parameter(++call == 1 ? first : second));
  };
  CHECK_FAILS(tape.backward(checkpoint(reads, x)), TapeError,
              "checkpoint: in backward, the function read a parameter (2) that it had not read "
              "before");
  call = 0;
  const auto forgets = [&](Variable<double> v) {
    return ++call == 1 ? sum(v * v.tape().parameter(first)) : sum(v * v);
  };
  tape.rewind();
  x = tape.variable(2.0);
  CHECK_FAILS(tape.backward(checkpoint(forgets, x) + sum(tape.parameter(first))), TapeError,
              "checkpoint: in backward, the function did not read a parameter (2) that it had "
              "read before");
  call = 0;
  tape.rewind();
  tape.detect_anomaly(true);
  x = tape.variable(2.0);
  CHECK_FAILS(tape.backward(checkpoint(grows, x)), AnomalyError,
              "checkpoint: in backward, the function gave other numbers than before: its random "
              "numbers come from tape().rng() of its arguments, and what it reads must not change "
              "before backward() is done");
}

TEST_CASE("Anomaly detection names ops and places within a checkpoint, in both runs") {
  Tape<float> tape;
  tape.detect_anomaly(true);
  const auto x = tape.variable(Array<float>(Shape{2}, 0.f));
  const auto logarithm = [](Variable<float> v) {
    const Scope inner{v.tape(), "inner"};
    return log(v);
  };
  const auto root = [](Variable<float> v) { return sum(sqrt(v)); };
  {
    const Scope outer{tape, "outer"};
    CHECK_THROWS_WITH(checkpoint(logarithm, x),
                      Catch::Matchers::StartsWith("log in outer, inner gave -inf at (0) of (2)"));
  }
  CHECK(tape.size() == 1);
  const auto y = [&] {
    const Scope outer{tape, "outer"};
    return checkpoint(root, x);
  }();
  CHECK_THROWS_WITH(tape.backward(y), Catch::Matchers::StartsWith(
                                          "backward of sqrt in outer gave its input 'variable' the "
                                          "gradient inf at (0) of (2)"));
}

TEST_CASE("A composed op or a checkpoint that rewinds the tape and throws brings nothing back") {
  Tape<double> tape;
  tape.keep_gradients(true);
  const Array<double> array(Shape{3}, 0.5);
  const auto rewinds = [&](auto x) {
    tape.rewind();
    return x * 2.0;  // stale
  };
  for (const bool composed : {true, false}) {
    const auto x = exp(tape.variable(array));
    tape.backward(sum(x));
    CHECK_THROWS_AS(composed ? compose(tape, [&] { return rewinds(x); }) : checkpoint(rewinds, x),
                    TapeError);
    CHECK(tape.size() == 0);
    const auto y = tape.variable(array);
    tape.backward(sum(y * y));
    CHECK((y.grad() == Array<double>(Shape{3}, 1.0)));
    tape.rewind();
  }
}
