#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "autograd/record.hpp"
#include "tensor/kernels/factor.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/evaluate.hpp"

// Wrong use throws in every build and leaves the tape unchanged.

using namespace xtape;

namespace {

constexpr std::size_t huge = std::size_t{1} << 32;  // its square overflows

const std::string must_not_move = "must neither move nor change before backward() is done";

/// Returns the message of backward() if `spoil(weight)` runs between forward and backward.
template <class Spoil>
std::string after(const Shape& shape, Spoil spoil) {
  Array<float> weight(shape, 2.f);
  Tape<float> tape;
  const auto loss = sum(square(tape.parameter(weight)));
  spoil(weight);
  CHECK_THROWS_AS(tape.backward(loss), TapeError);
  CHECK_FALSE(tape.differentiated());
  return message_of([&] { tape.backward(loss); });
}

}  // namespace

TEST_CASE("backward notices a parameter that was resized") {
  for (const Shape& other : {Shape{3}, Shape{3, 2}, Shape{300}}) {
    CHECK(after(Shape{2, 3}, [&](auto& weight) { resize(weight, other); }) ==
          "backward: a parameter recorded as (2, 3) is " + to_string(other) + " now: a parameter " +
              must_not_move);
  }
}

TEST_CASE("backward notices a parameter that was moved away or exchanged") {
  const std::string moved = "has moved since, or was assigned to: a parameter " + must_not_move;
  for (const Shape& shape : {Shape{2, 3}, Shape{}}) {
    Array<float> elsewhere;
    const std::string message =
        after(shape, [&](Array<float>& weight) { elsewhere = std::move(weight); });
    CHECK(message.find("backward: a parameter recorded as " + to_string(shape)) == 0);
  }
  Array<float> other(Shape{2, 3}, 1.f);
  CHECK(after(Shape{2, 3}, [&](auto& weight) { std::swap(weight, other); }) ==
        "backward: a parameter recorded as (2, 3) " + moved);
  CHECK(after(Shape{2, 3}, [&](auto& weight) {
          weight = Array<float>(Shape{2, 3}, 5.f);
        }) == "backward: a parameter recorded as (2, 3) " + moved);
}

TEST_CASE("backward notices a viewed constant that was resized") {
  Array<float> images(Shape{4, 2}, 1.f);
  Tape<float> tape;
  const auto loss = sum(tape.constant_view(images) * tape.variable(2.f));
  resize(images, Shape{2, 2});
  CHECK_THROWS_WITH(
      tape.backward(loss),
      "backward: a constant recorded as (4, 2) is (2, 2) now: a constant " + must_not_move);
  resize(images, Shape{4, 2});
  tape.backward(loss);
}

TEST_CASE("A parameter may change once backward is done, and between recordings") {
  Array<float> weight(Shape{2}, 1.f);
  Tape<float> tape;
  for (const std::size_t size : {2UL, 5UL, 1UL, 5000UL}) {
    resize(weight, Shape{size});
    weight.fill(1.f);
    tape.rewind();
    tape.backward(sum(tape.parameter(weight)));
    CHECK((tape.grad(weight) == Array<float>(Shape{size}, 1.f)));
  }
}

TEST_CASE("accumulate is for backward only") {
  Tape<float> tape;
  const auto x = tape.variable(2.f);
  CHECK_FAILS(accumulate(x, x.value()), TapeError,
              "accumulate: called outside of Tape::backward, for 'variable'");
  const auto y = x * x;
  tape.backward(y);
  CHECK_THROWS_AS(accumulate(x, x.value()), TapeError);
  CHECK(x.grad()() == 4.f);

  // A closure that uses a handle of another tape.
  Tape<float> other;
  const auto foreign = other.variable(1.f);
  tape.rewind();
  const auto z = tape.variable(1.f);
  const auto loss = record("test", {z}, z.value() * 2.f,
                           [=](Variable<float> v) { accumulate(foreign, v.grad()); });
  CHECK_THROWS_AS(tape.backward(loss), TapeError);
  CHECK_THROWS_AS(foreign.grad(), TapeError);
}

TEST_CASE("A tape is not rewound within backward") {
  Tape<float> tape;
  const auto x = tape.variable(2.f);
  const auto loss =
      record("test", {x}, x.value() * 2.f, [](Variable<float> y) { y.tape().rewind(); });
  CHECK_FAILS(tape.backward(loss), TapeError, "rewind: called within Tape::backward");
  CHECK_FALSE(tape.differentiated());
  CHECK(tape.size() == 2);
  tape.rewind();
  CHECK(tape.size() == 0);
}

TEST_CASE("max notices that its input changed between forward and backward") {
  Array<float> weight(Shape{3}, 1.f);
  Tape<float> tape;
  const auto loss = max(tape.parameter(weight), 0);
  weight.fill(0.f);
  CHECK_THROWS_WITH(tape.backward(loss), "max: its input changed after it was recorded");
}

TEST_CASE("Shapes that overflow are refused by every op that could make one") {
  Tape<float> tape;
  const auto overflow = [](const std::string& shape) {
    return ": shape " + shape + " has more elements than can be counted";
  };
  // Arrays without elements. Other empty arrays would fit.
  const auto of = [&](const Shape& shape) { return tape.variable(Array<float>(shape)); };
  const auto tall = of({huge, 0}), wide = of({0, huge}), bias = of({2}),
             endless = of({std::size_t{1} << 63, 0}), column = of({huge, 1, 0});
  const std::string square = "(4294967296, 4294967296)";
  CHECK_REFUSED(tape, matmul(tall, wide), ShapeError, "matmul" + overflow(square));
  CHECK_REFUSED(tape, reshape(bias, {huge, huge}), ShapeError, "reshape" + overflow(square));
  CHECK_REFUSED(tape, reshape(bias, {huge, huge, -1}), ShapeError,
                "reshape" + overflow("(4294967296, 4294967296, 1)"));
  CHECK_REFUSED(tape, reshape(tall, {huge, huge, 0}), ShapeError,
                "reshape" + overflow("(4294967296, 4294967296, 0)"));
  CHECK_REFUSED(tape, concatenate({endless, endless}), ShapeError,
                "concatenate: axis 0 is longer than can be counted");
  CHECK_REFUSED(tape, column + tall, ShapeError, "add" + overflow("(4294967296, 4294967296, 0)"));
  // Sizes that can be counted, but not allocated.
  CHECK_THROWS_AS(sum(tape.variable(Array<float>(Shape{std::size_t{1} << 62, 0})), 1), ShapeError);
}

TEST_CASE("Many rows of nothing take no time") {
  constexpr std::size_t many = std::size_t{1} << 40;  // a loop over them would take minutes
  Tape<double> tape;
  const auto x = tape.variable(Array<double>(Shape{many, 2, 0}));
  const auto y = tape.variable(Array<double>(Shape{many, 0, 3}));
  auto loss = sum(transpose(x)) + sum(transpose(x, 0, 1)) + sum(transpose(x, 0, 2)) +
              sum(slice(x, 1, 2, 1)) + sum(concatenate({x, x}, 1)) + sum(max(x, 1)) + sum(x * 2.0) +
              sum(exp(x) + x) + sum(softmax(y)) + sum(log_softmax(y)) + sum(max(y, 2)) +
              sum(reshape(x, {0, 7})) + sum(transpose(y, 0, 2));
  const auto matrix = tape.variable(Array<double>(Shape{many, 0}));
  const auto inner = tape.variable(Array<double>(Shape{0, 0}));
  loss = loss + sum(matmul(matrix, inner)) + sum(matmul(transpose(matrix), matrix));
  const auto tall = tape.variable(Array<double>(Shape{many, 0, 3}));
  const auto flat = tape.variable(Array<double>(Shape{1, 3, 5}));
  loss = loss + sum(gather(x, {0}, 1)) + sum(cumsum(y, 1)) + sum(logsumexp(x, 1)) +
         sum(matmul(tall, flat));
  const auto none = tape.variable(Array<double>(Shape{many, 0, 0}));
  if (has_lapack()) {
    loss = loss + sum(inverse(none)) + sum(cholesky(none)) + sum(solve(none, none));
  }
  tape.backward(loss);
  CHECK(loss.item() == 0);
  CHECK(same_shape(x.grad().shape(), x.shape()));
  CHECK(same_shape(matrix.grad().shape(), matrix.shape()));
}

TEST_CASE("The tape refuses to keep more than can be") {
  Tape<float> tape;
  CHECK_THROWS_AS(tape.keep<double>(std::numeric_limits<std::size_t>::max() / 4), std::bad_alloc);
  CHECK_THROWS_AS(tape.keep<char>(std::numeric_limits<std::size_t>::max()), std::bad_alloc);
  CHECK(tape.keep<int>(3).size() == 3);
}

namespace {

/// Checks that `op(x)`, with x (4, 3), leaves the tape and its random numbers unchanged if any of
/// its allocations fails.
template <class Op>
void check_all_or_nothing(Op op) {
  bool failed = true;
  std::size_t failures = 0;
  for (std::size_t k = 1; failed; ++k) {
    Tape<double> tape;
    const auto x = tape.variable(Array<double>(Shape{4, 3}, 0.5));
    const Rng::State state = tape.rng().state();
    try {
      const FailingAllocation failing(k);
      op(x);
      failed = failing.failed();
    } catch (const std::bad_alloc&) {
      ++failures;
      CHECK(tape.size() == 1);
      CHECK(tape.rng().state() == state);
    }
  }
  CHECK(failures > 0);
}

}  // namespace

TEST_CASE("A leaf, or an op that draws random numbers, is recorded as a whole or not at all") {
  COUNTING_OR_SKIP();
  const Array<double> weight(Shape{30, 20}, 1.0);  // too large to lie beside its node
  check_all_or_nothing([&](auto x) { return x.tape().constant(weight); });
  check_all_or_nothing([](auto x) { return dropout(x, 0.5, x.tape().rng()); });
}

TEST_CASE("A parameter of a composed op that throws can be recorded again") {
  const Array<double> weight(Shape{3}, 2.0), other_shape(Shape{2}, 1.0);
  Tape<double> tape;
  const auto x = tape.variable(Array<double>(Shape{3}, 1.0));
  const auto fails = [&] {
    return compose(tape, [&] { return x * tape.parameter(weight) + tape.parameter(other_shape); });
  };
  CHECK_THROWS_AS(fails(), xtape::ShapeError);
  CHECK(tape.size() == 1);
  const auto in_its_place = tape.constant(Array<double>(Shape{3}, 100.0));
  const auto square = tape.parameter(weight) * tape.parameter(weight);
  CHECK((square.value() == Array<double>(Shape{3}, 4.0)));
  tape.backward(sum(square + in_its_place));
  CHECK((tape.grad(weight) == Array<double>(Shape{3}, 4.0)));
  CHECK_THROWS_AS(tape.grad(other_shape), TapeError);
}

TEST_CASE("A Variable of a composed op that throws is stale") {
  Tape<double> tape;
  const auto x = tape.variable(2.0);
  Variable<double> leaked;
  const auto fails = [&]() -> Variable<double> {
    leaked = x * x;
    throw 1;
  };
  CHECK_THROWS_AS(compose(tape, fails), int);
  const char* const stale = "stale Variable: recorded within a compose() that has thrown";
  CHECK_FAILS(leaked.value(), TapeError, stale);
  CHECK_FAILS(sum(leaked), TapeError, stale);
  CHECK(tape.size() == 1);
}

TEST_CASE("A view of an array is not its parameter, also where a composed op has thrown") {
  const Array<double> weight(Shape{2}, 3.0);
  Tape<double> tape;
  const auto x = tape.variable(Array<double>(Shape{2}, 5.0));
  const auto fails = [&]() -> Variable<double> {
    tape.parameter(weight);
    throw 1;
  };
  CHECK_THROWS_AS(compose(tape, fails), int);
  const auto product = tape.constant_view(weight) * x;
  const auto parameter = tape.parameter(weight);
  tape.backward(sum(product) + sum(parameter));
  CHECK((tape.grad(weight) == Array<double>(Shape{2}, 1.0)));
}

TEST_CASE("A parameter whose allocation fails can be recorded again") {
  COUNTING_OR_SKIP();
  bool failed = true;
  for (std::size_t k = 1; failed; ++k) {
    const Array<double> weight(Shape{3}, 1.0);
    Tape<double> tape;
    try {
      const FailingAllocation failing(k);
      tape.parameter(weight);
      failed = failing.failed();
    } catch (const std::bad_alloc&) {
      CHECK(tape.size() == 0);
    }
    tape.backward(sum(tape.parameter(weight) * tape.parameter(weight)));
    CHECK((tape.grad(weight) == Array<double>(Shape{3}, 2.0)));
  }
}
