#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "autograd/no_grad.hpp"
#include "autograd/ops/ops.hpp"
#include "autograd/record.hpp"
#include "autograd/tape.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

// Which gradients Tape::backward() keeps. Gradients of at least 1024 elements share memory.

using namespace xtape;

namespace {

constexpr std::size_t columns = 64;

/// A deep computation with branches of different sizes, so that gradients live for different times.
struct Net {
  Array<float> w = Array<float>(Shape{columns, columns}, 0.02f);
  Array<float> b = Array<float>(Shape{columns}, 0.f);

  Variable<float> operator()(Variable<float> x) const {
    Tape<float>& tape = x.tape();
    Variable<float> y = x;
    for (int i = 0; i < 6; ++i) {
      const Variable<float> wide = concatenate(y, tanh(y), 0);
      const Variable<float> half = slice(wide, 0, static_cast<std::ptrdiff_t>(y.shape()[0]));
      y = y + sigmoid(linear(half, tape.parameter(w), tape.parameter(b)));
    }
    return mean(y * y);
  }
};

/// The gradients of a step on `rows` rows.
struct Gradients {
  Array<float> w, b, x;

  bool operator==(const Gradients& other) const {
    return w == other.w && b == other.b && x == other.x;
  }
};

Gradients step(Tape<float>& tape, const Net& net, std::size_t rows) {
  tape.rewind();
  const auto x = tape.variable(Array<float>(Shape{rows, columns}, 0.125f));
  tape.backward(net(x));
  return {tape.grad(net.w), tape.grad(net.b), x.grad()};
}

constexpr const char* not_kept =
    " has no gradient: it was not kept; call retain_grad() on it before Tape::backward, or keep "
    "all with Tape::keep_gradients(true)";

}  // namespace

TEST_CASE("Gradients of parameters and variables are the same bits if others are not kept") {
  const Net net;
  Tape<float> all, few;
  all.keep_gradients(true);
  CHECK(all.keeps_gradients());
  CHECK_FALSE(few.keeps_gradients());
  for (const std::size_t rows : {50UL, 70UL, 2UL, 170UL, 1UL, 50UL, 16UL, 15UL}) {
    CAPTURE(rows);
    const Gradients expected = step(all, net, rows);
    CHECK(step(few, net, rows) == expected);
    few.keep_gradients(true);
    CHECK(step(few, net, rows) == expected);
    few.keep_gradients(false);
    CHECK(step(few, net, rows) == expected);
  }
}

TEMPLATE_TEST_CASE("The gradient of an op's result is an error unless it is kept", "", float,
                   double) {
  using T = TestType;
  const auto size = GENERATE(2UL, 5000UL);
  const Array<T> w(Shape{size}, T(3));
  Tape<T> tape;
  for (const bool keep : {false, true, false}) {
    CAPTURE(size, keep);
    tape.rewind();
    tape.keep_gradients(keep);
    const auto y = tape.parameter(w) * T(2), z = y * T(4), loss = sum(z);
    const auto aside = tape.parameter(w) * T(5);
    CHECK_FAILS(y.grad(), TapeError,
                "'multiply' has no gradient: Tape::backward has not been called");
    z.retain_grad();
    tape.backward(loss);
    CHECK((tape.grad(w) == Array<T>(Shape{size}, T(8))));
    CHECK((z.grad() == Array<T>(Shape{size}, T(1))));
    CHECK_FAILS(aside.grad(), TapeError,
                "'multiply' has no gradient: the loss does not depend on it");
    if (keep) {
      CHECK((y.grad() == Array<T>(Shape{size}, T(4))));
      CHECK(loss.grad()() == 1);
    } else {
      CHECK_FAILS(y.grad(), TapeError, std::string("'multiply'") + not_kept);
      CHECK_FAILS(loss.grad(), TapeError, std::string("'sum'") + not_kept);
    }
  }
}

TEST_CASE("retain_grad() holds for one recording, and says where it is in vain") {
  const Array<float> w(Shape{2}, 3.f);
  Tape<float> tape;
  const auto x = tape.parameter(w), y = x * 2.f;
  x.retain_grad();  // kept in any case
  y.retain_grad();
  y.retain_grad();
  const auto constant = tape.constant(1.f);
  CHECK_FAILS(constant.retain_grad(), TapeError,
              "retain_grad: 'constant' has no gradient: nothing it depends on needs one");
  tape.backward(sum(y * y));
  CHECK((y.grad() == Array<float>{12, 12}));
  CHECK_FAILS(y.retain_grad(), TapeError,
              "retain_grad: called for 'multiply' after Tape::backward");
  tape.rewind();
  CHECK_FAILS(y.retain_grad(), TapeError, "stale Variable: recorded before Tape::rewind()");
  const auto again = tape.parameter(w) * 2.f;
  tape.backward(sum(again * again));
  CHECK_FAILS(again.grad(), TapeError, std::string("'multiply'") + not_kept);
  tape.rewind();
  const NoGrad guard(tape);
  CHECK_THROWS_AS((tape.parameter(w) * 2.f).retain_grad(), TapeError);
}

TEST_CASE("Gradients that are not kept share their memory") {
  COUNTING_OR_SKIP();
  const Array<float> w(Shape{SpareMemory<float>::least}, 1.f);
  const auto allocations_of_backward = [&](bool keep) {
    Tape<float> tape;
    tape.keep_gradients(keep);
    Variable<float> y = tape.parameter(w);
    for (int i = 0; i < 60; ++i) {
      y = tanh(y);
    }
    const auto loss = sum(y);
    const std::size_t before = allocation_count();
    tape.backward(loss);
    return allocation_count() - before;
  };
  CHECK(allocations_of_backward(true) > 60);
  CHECK(allocations_of_backward(false) < 10);
}

TEST_CASE("A step that shares the memory of gradients allocates nothing when shapes repeat") {
  COUNTING_OR_SKIP();
  const Net net;
  Tape<float> tape;
  // 15 rows are just too few for shared memory, and 16 rows are enough.
  const auto last_rows = GENERATE(4UL, 15UL, 16UL, 40UL);
  const Array<float> full(Shape{50, columns}, 0.1f), last(Shape{last_rows, columns}, 0.1f);
  const auto epoch = [&] {
    for (const Array<float>* rows : {&full, &full, &last}) {
      tape.rewind();
      tape.backward(net(tape.constant_view(*rows)));
    }
  };
  epoch();
  epoch();
  CAPTURE(last_rows);
  const std::size_t before = allocation_count();
  epoch();
  CHECK(allocation_count() == before);
}

TEST_CASE("A backward pass that failed leaves memory that the next one uses") {
  const Net net;
  Tape<float> tape;
  const Gradients expected = step(tape, net, 50);
  for (const std::size_t rows : {50UL, 90UL}) {
    tape.rewind();
    const auto x = tape.variable(Array<float>(Shape{rows, columns}, 0.125f));
    const auto bad = record(
        "bad", {net(x)}, [](Array<float>& y) { y = Array<float>{1}; },
        [](Variable<float>) { throw std::bad_alloc(); });
    CHECK_THROWS_AS(tape.backward(bad), std::bad_alloc);
    CHECK_FAILS(bad.grad(), TapeError, "'bad' has no gradient: Tape::backward has not been called");
    CHECK(step(tape, net, 50) == expected);
  }
}

TEST_CASE("The hook gets the gradients of parameters, though others share memory") {
  const Net net;
  Tape<float> all, few;
  all.keep_gradients(true);
  const auto finished = [&](Tape<float>& tape) {
    std::vector<std::pair<const Array<float>*, Array<float>>> grads;
    tape.rewind();
    const auto x = tape.variable(Array<float>(Shape{50, columns}, 0.125f));
    tape.backward(net(x), [&](const Array<float>& parameter, Array<float>& grad) {
      grads.emplace_back(&parameter, grad);
    });
    return grads;
  };
  for (int i = 0; i < 2; ++i) {
    const auto expected = finished(all);
    CHECK(expected.size() == 2);
    CHECK((finished(few) == expected));
  }
}

TEST_CASE("Anomalies are found though gradients share memory") {
  const Array<float> w(Shape{2000}, 0.f);
  Tape<float> tape;
  tape.detect_anomaly(true);
  const auto y = sqrt(tape.parameter(w)), loss = sum(y * 2.f);
  CHECK_THROWS_AS(tape.backward(loss), AnomalyError);
  tape.detect_anomaly(false);
  tape.backward(loss);  // the failed one left no gradient
  CHECK(tape.grad(w)(0) == std::numeric_limits<float>::infinity());
}
