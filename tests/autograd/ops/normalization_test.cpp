#include "autograd/ops/normalization.hpp"

#include <cmath>

#include "autograd/ops/ops.hpp"
#include "tensor/parallel.hpp"
#include "tests/support/evaluate.hpp"
#include "tests/support/threads.hpp"

using namespace xtape;

namespace {

/// Numbers of a mean that is large beside their deviation: 10,000 + [-2, 2).
Array<double> far_from_zero(const Shape& shape) {
  Rng rng(1);
  Array<double> x = anywhere(shape, rng);
  for (double& each : x.storage()) {
    each = static_cast<double>(static_cast<float>(10000 + each));
  }
  return x;
}

template <class Op>
void check_digits(Op op, const Shape& shape) {
  const Array<double> x = far_from_zero(shape);
  Rng rng(2);
  const Array<double> by = anywhere(shape, rng);
  const auto expected = evaluate([&](auto v) { return op(v) * v.tape().constant(by); }, x);
  const auto computed = evaluate(
      [&](auto v) { return op(v) * v.tape().constant(converted<float>(by)); }, converted<float>(x));
  CHECK(greatest_difference(computed.value, expected.value) < 2e-6);
  CHECK(greatest_difference(computed.grad, expected.grad) < 2e-6);
}

}  // namespace

TEST_CASE("normalising keeps the digits of numbers with a large mean") {
  check_digits([](auto x) { return batch_norm(x); }, Shape{64, 7, 5, 3});
  check_digits([](auto x) { return batch_norm(x); }, Shape{9, 70});
  check_digits([](auto x) { return layer_norm(x); }, Shape{5, 300});
  check_digits([](auto x) { return group_norm(x, 2); }, Shape{3, 17, 11, 6});
}

TEST_CASE("batch_norm: an outlier in the first row does not spoil the variance") {
  Array<double> x = far_from_zero(Shape{5000, 2});
  x(0, 0) = -1e6;
  const auto norm = [](auto v) { return batch_norm(v); };
  CHECK(greatest_difference(evaluate(norm, converted<float>(x)).value, evaluate(norm, x).value) <
        1e-5);
}

TEST_CASE("batch_norm of equal numbers is the bias") {
  Tape<float> tape;
  const auto x = tape.variable(Array<float>(Shape{100, 3}, 0.1f));
  const auto y = batch_norm(x, std::nullopt, tape.constant(array_of<float>({1, 2, 3})));
  CHECK((y.value()(7, 0) == 1 && y.value()(99, 1) == 2 && y.value()(0, 2) == 3));
}

TEST_CASE("normalising gives the same bits for any number of threads", "[threads]") {
  Rng rng(3);
  const Array<float> x = converted<float>(anywhere(Shape{60, 13, 9, 24}, rng));
  const Array<float> by = converted<float>(anywhere(x.shape(), rng));
  const auto all = [&](std::size_t threads) {
    const Threads guard(threads);
    return evaluate(
        [&](auto v) {
          return (batch_norm(v) + layer_norm(v) + group_norm(v, 3)) * v.tape().constant(by);
        },
        x);
  };
  const auto one = all(1);
  for (const std::size_t threads : {2UL, 3UL}) {
    const auto several = all(threads);
    CHECK((several.value == one.value));
    CHECK((several.grad == one.grad));
  }
}

TEST_CASE("normalising: NaN stays within its channel or sample") {
  Array<double> x = far_from_zero(Shape{6, 4});
  x(2, 1) = not_a_number;
  Tape<double> tape;
  const auto v = tape.variable(x);
  const auto by_channel = batch_norm(v).value(), by_sample = layer_norm(v).value();
  CHECK(std::isnan(by_channel(5, 1)));
  CHECK(std::isfinite(by_channel(2, 0)));
  CHECK(std::isnan(by_sample(2, 3)));
  CHECK(std::isfinite(by_sample(1, 1)));
}

TEST_CASE("a weight alone gets its gradient if the input needs none") {
  Tape<double> tape;
  const auto x = tape.constant(far_from_zero(Shape{8, 3}));
  const auto w = tape.variable(array_of<double>({1, 2, 3}));
  for (const auto& y : {batch_norm(x, w), layer_norm(x, w), group_norm(x, 1, w)}) {
    CHECK(y.needs_grad());
  }
  const auto y = batch_norm(x, w);
  tape.backward(sum(y * y));
  CHECK(w.grad()(2) == Approx(2 * 3 * 8).epsilon(1e-4));
}

TEST_CASE("normalising names what it refuses") {
  Tape<float> tape;
  const auto x = tape.variable(Array<float>(Shape{4, 6}, 1.f));
  const auto row = tape.variable(Array<float>(Shape{1, 6}, 1.f));
  const auto five = tape.variable(Array<float>(Shape{5}, 1.f));
  const auto vector = tape.variable(Array<float>(Shape{6}, 1.f));
  const auto bare = tape.variable(Array<float>(Shape{4, 0}));
  const auto empty = tape.variable(Array<float>(Shape{0, 3, 3, 6}));
  CHECK_REFUSED(tape, batch_norm(x, five), ShapeError,
                "batch_norm: expected a weight (6) for (4, 6), got (5)");
  CHECK_REFUSED(tape, batch_norm(x, std::nullopt, five), ShapeError,
                "batch_norm: expected a bias (6) for (4, 6), got (5)");
  CHECK_REFUSED(tape, batch_norm(row), ShapeError,
                "batch_norm: expected at least 2 values for each channel, got 1 in (1, 6)");
  CHECK_REFUSED(tape, batch_norm(empty), ShapeError,
                "batch_norm: expected at least 2 values for each channel, got 0 in (0, 3, 3, 6)");
  CHECK_REFUSED(tape, batch_norm(vector), ShapeError,
                "batch_norm: expected (batch, ..., channels) with at least one channel, got (6)");
  CHECK_REFUSED(tape, batch_norm(bare), ShapeError,
                "batch_norm: expected (batch, ..., channels) with at least one channel, got "
                "(4, 0)");
  CHECK_REFUSED(tape, batch_norm(x, {}, {}, -1), ValueError,
                "batch_norm: expected an epsilon of at least 0, got -1");
  CHECK_REFUSED(tape, layer_norm(x, five), ShapeError,
                "layer_norm: expected a weight (6) for (4, 6), got (5)");
  CHECK_REFUSED(tape, layer_norm(x, {}, {}, 1e-5, 3), ShapeError,
                "layer_norm: (4, 6) has no 3 last axes");
  CHECK_REFUSED(tape, group_norm(x, 4), ShapeError,
                "group_norm: the channels of (4, 6) do not form 4 equal groups");
  CHECK_REFUSED(tape, group_norm(x, 0), ShapeError,
                "group_norm: the channels of (4, 6) do not form 0 equal groups");
  Tape<float> other;
  CHECK_REFUSED(tape, batch_norm(x, other.variable(Array<float>(Shape{6}, 1.f))), TapeError,
                "batch_norm: the operands live on different tapes");
}

TEST_CASE("layer_norm and group_norm of single numbers are the bias") {
  Tape<double> tape;
  const auto x = tape.variable(array_of<double>(Shape{3, 2}, {1, 2, 3, 4, 5, 6}));
  const auto b = tape.variable(array_of<double>({7, 8}));
  const auto y = group_norm(x, 2, std::nullopt, b);
  CHECK((y.value() == array_of<double>(Shape{3, 2}, {7, 8, 7, 8, 7, 8})));
  const auto z = layer_norm(reshape(x, {3, 2, 1}));
  CHECK((z.value() == Array<double>(Shape{3, 2, 1}, 0.0)));
  tape.backward(sum(y) + sum(z));
  CHECK(greatest_difference(x.grad(), Array<double>(Shape{3, 2}, 0.0)) < 1e-15);
  CHECK((b.grad() == array_of<double>({3, 3})));
}

TEST_CASE("layer_norm and group_norm take empty batches") {
  Tape<float> tape;
  const auto x = tape.variable(Array<float>(Shape{0, 2, 2, 6}));
  const auto w = tape.variable(Array<float>(Shape{6}, 1.f));
  tape.backward(sum(layer_norm(x, w) + group_norm(x, 2, w)));
  CHECK(x.grad().shape() == Shape{0, 2, 2, 6});
  CHECK((w.grad() == Array<float>(Shape{6}, 0.f)));
}
