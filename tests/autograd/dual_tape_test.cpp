#include "autograd/dual_tape.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>

#include "autograd/checkpoint.hpp"
#include "autograd/derivatives.hpp"
#include "autograd/no_grad.hpp"
#include "autograd/ops/ops.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

using namespace xtape;

namespace {

constexpr auto curved = [](auto w, auto b) { return sum(exp(w * b) + square(w) * b); };

template <class T>
Array<T> to_array(std::span<const T> numbers, const Shape& shape) {
  Array<T> array(shape);
  std::copy(numbers.begin(), numbers.end(), array.data());
  return array;
}

}  // namespace

TEMPLATE_TEST_CASE("A tape of Dual numbers reads parameters and directions in place", "", float,
                   double) {
  using T = TestType;
  const Array<T> w{{T(0.5), T(-1)}, {T(0.25), 1}}, b{1, 2}, v{{1, 2}, {3, 4}}, u{-1, 1};
  Tape<Dual<T>> tape;
  tape.seed(w, v);
  tape.seed(b, u);
  const auto weight = tape.parameter(w);
  CHECK(std::as_const(weight.value()).storage().values() == w.data());
  CHECK(std::as_const(weight.value()).storage().tangents() == v.data());
  const auto loss = curved(weight, tape.parameter(b));
  tape.backward(loss);
  const auto [dw, db] = grad(curved, {w, b});
  const auto [hw, hb] = hvp(curved, {w, b}, {v, u});
  CHECK((to_array(tape.gradient(w), w.shape()) == dw));
  CHECK((to_array(tape.gradient(b), b.shape()) == db));
  CHECK((to_array(tape.hessian_product(w), w.shape()) == hw));
  CHECK((to_array(tape.hessian_product(b), b.shape()) == hb));
}

TEST_CASE("A parameter without a direction does not move") {
  const Array<double> w{1, 2}, b{3, 4}, u{1, -1};
  const Array<double> still(w.shape(), 0.0);
  Tape<Dual<double>> tape;
  for (int round = 0; round < 2; ++round) {
    tape.rewind();
    tape.seed(b, u);
    const auto weight = tape.parameter(w);
    CHECK(weight.value().storage().is_constant());
    tape.backward(curved(weight, tape.parameter(b)));
    const auto [hw, hb] = hvp(curved, {w, b}, {still, u});
    CHECK((to_array(tape.hessian_product(w), w.shape()) == hw));
    CHECK((to_array(tape.hessian_product(b), b.shape()) == hb));
  }
}

TEST_CASE("Values from variable() move along directions that are copied") {
  Tape<Dual<double>> tape;
  const auto x = tape.variable(Array<double>{1, 2});
  {
    const Array<double> direction{3, 5};
    tape.seed(x, direction);
  }
  const auto y = sum(x * x * x);
  CHECK(y.item().tangent == 3 * 3 + 3 * 4 * 5);
  tape.backward(y);
  CHECK(tape.gradient(x)[1] == 12);
  CHECK(tape.hessian_product(x)[1] == 6 * 2 * 5);
  CHECK_FAILS(tape.seed(x, Array<double>{1, 2}), TapeError,
              "seed: 'multiply' has read the variable already");
  CHECK_FAILS(tape.seed(tape.variable(Array<double>{1, 2}), Array<double>{1}), ShapeError,
              "seed: expected a direction (2), got (1)");
  CHECK_FAILS(tape.seed(y, Array<double>(1.0)), TapeError,
              "seed: expected a parameter, or a value from variable() of this tape, got 'sum'");
  CHECK_FAILS(tape.seed(tape.constant(Array<double>{1}), Array<double>{1}), TapeError,
              "seed: expected a parameter, or a value from variable() of this tape, got "
              "'constant'");
}

TEST_CASE("Directions are refused with the reason") {
  const Array<double> w{1, 2}, v{1, 1};
  Tape<Dual<double>> tape;
  const auto used = tape.parameter(w);
  CHECK_FAILS(tape.seed(w, v), TapeError,
              "seed: this recording has the parameter (2) already; seed it after rewind() and "
              "before the model is called");
  CHECK(used.shape().size() == 1);
  tape.rewind();
  const Array<double> other{{1, 1}};
  CHECK_FAILS(tape.seed(w, other), ShapeError, "seed: expected a direction (2), got (1, 2)");
  Array<double> moved{1, 1};
  const Array<double> taken = std::move(moved);
  CHECK_THROWS_AS(tape.seed(w, moved), ShapeError);
  tape.seed(w, taken);
  CHECK_THROWS_AS(tape.freeze(w), TapeError);
}

TEST_CASE("Frozen parameters and NoGrad have no direction") {
  const Array<double> w{1, 2}, v{1, 1};
  Tape<Dual<double>> tape;
  {
    const NoGrad guard{tape};
    tape.seed(w, v);
    CHECK(tape.parameter(w).value().storage().is_constant());
  }
  tape.rewind();
  tape.freeze(w);
  CHECK_THROWS_AS(tape.seed(w, v), TapeError);
  CHECK(sum(exp(tape.parameter(w))).item().tangent == 0);
}

TEST_CASE("Parameters and directions that move or change shape before backward() are named") {
  Array<double> w{1, 2}, v{1, 1};
  Tape<Dual<double>> tape;
  const auto record = [&] {
    tape.rewind();
    tape.seed(w, v);
    return sum(exp(tape.parameter(w)));
  };
  auto loss = record();
  v = Array<double>{1, 1, 1};
  CHECK_FAILS(tape.backward(loss), TapeError,
              "backward: a direction recorded as (2) is (3) now: a direction must neither move nor "
              "change before backward() is done");
  v = Array<double>{1, 1};
  loss = record();
  w = Array<double>(Shape{3}, 1.0);
  CHECK_FAILS(tape.backward(loss), TapeError,
              "backward: a parameter recorded as (2) is (3) now: a parameter must neither move nor "
              "change before backward() is done");
  w = Array<double>{1, 2};
  tape.detect_anomaly(true);
  loss = record();
  v(1) = 7;
  CHECK_FAILS(tape.backward(loss), AnomalyError,
              "backward: a direction has changed since it was recorded: 1 became 7 at (1) of (2): "
              "a direction must neither move nor change before backward() is done");
}

TEST_CASE("A node that has read a parameter in place never writes to it") {
  const Array<double> w{1, 2}, v{3, 4};
  const Array<double> w_before = w, v_before = v;
  Tape<Dual<double>> tape;
  tape.seed(w, v);
  tape.backward(sum(square(tape.parameter(w))));
  for (const std::size_t size : {2UL, 1UL, 3UL, 2UL}) {
    tape.rewind();
    const auto x = tape.variable(Array<double>(Shape{size}, 5.0));
    CHECK(x.value().storage().is_constant());
    CHECK(sum(x * 2).item() == Dual<double>(10 * static_cast<double>(size), 0));
    CHECK((w == w_before));
    CHECK((v == v_before));
    tape.rewind();
    tape.seed(w, v);
    CHECK(sum(tape.parameter(w)).item() == Dual<double>(3, 7));
  }
}

TEST_CASE("backward_primal gives the gradients of a loss that contains derivatives") {
  const Array<double> x{0.5, -1, 2}, one(Shape{3}, 1.0);
  const auto loss_at = [&](const Array<double>& w, auto& tape) {
    tape.rewind();
    const auto t = tape.variable(x);
    tape.seed(t, one);
    const auto weight = tape.parameter(w);
    const auto y = tanh(t * slice(weight, 0, 1)) * slice(weight, 1, 2);
    return mean(square(tangent(y) + y * primal(y)));  // y' + y^2
  };
  Array<double> w{0.75, -0.5};
  Tape<Dual<double>> tape, probe;
  const auto loss = loss_at(w, tape);
  const double a = w(0), b = w(1);
  double wanted = 0;
  for (const double each : {0.5, -1.0, 2.0}) {
    const double y = std::tanh(a * each) * b, slope = b * a / std::pow(std::cosh(a * each), 2);
    wanted += std::pow(slope + y * y, 2) / 3;
  }
  CHECK(loss.item().value == Approx(wanted).epsilon(1e-14));
  tape.backward_primal(loss);
  const Array<double> gradient = to_array(tape.gradient(w), w.shape());
  CHECK_FAILS(tape.hessian_product(w), TapeError,
              "hessian_product: backward_primal() computes gradients alone");
  for (std::size_t i = 0; i < 2; ++i) {
    const double before = w(i), h = 1e-6;
    w(i) = before + h;
    const double above = loss_at(w, probe).item().value;
    w(i) = before - h;
    const double below = loss_at(w, probe).item().value;
    w(i) = before;
    CHECK(gradient(i) == Approx((above - below) / (2 * h)).epsilon(1e-8));
  }
  CHECK_FAILS(tape.backward_primal(tape.variable(x)), ShapeError,
              "backward_primal: the loss must be a scalar, but 'variable' produced (3)");
}

TEST_CASE("backward() after backward_primal() gives gradients and products again") {
  const Array<double> w{1, 2}, v{1, 0};
  Tape<Dual<double>> tape;
  tape.retain_graph(true);
  tape.seed(w, v);
  const auto loss = reshape(sum(tape.parameter(w) * square(tape.parameter(w))), Shape{1});
  tape.backward_primal(loss);
  CHECK(tape.gradient(w)[1] == 12);
  tape.backward(loss);
  CHECK(tape.gradient(w)[1] == 12);
  CHECK(tape.hessian_product(w)[0] == 6);
  CHECK(tape.hessian_product(w)[1] == 0);
}

TEST_CASE("checkpoint() computes with the directions of parameters") {
  Rng rng(5);
  const auto w = random_normal<double>({3, 3}, rng), v = random_normal<double>({3, 3}, rng);
  const auto x = random_normal<double>({2, 3}, rng);
  const auto layer = [&](auto each) { return tanh(matmul(each, each.tape().parameter(w))); };
  const auto products = [&](bool recompute) {
    Tape<Dual<double>> tape;
    tape.seed(w, v);
    auto y = tape.variable(x);
    for (int i = 0; i < 3; ++i) {
      y = recompute ? checkpoint(layer, y) : layer(y);
    }
    tape.backward(sum(square(y)));
    return std::pair{to_array(tape.gradient(w), w.shape()),
                     to_array(tape.hessian_product(w), w.shape())};
  };
  CHECK((products(true) == products(false)));
}

TEST_CASE("A repeated product allocates nothing") {
  COUNTING_OR_SKIP();
  Rng rng(7);
  const auto w = random_normal<float>({30, 20}, rng), b = random_normal<float>({20}, rng),
             v = random_normal<float>({30, 20}, rng), x = random_normal<float>({8, 30}, rng);
  Tape<Dual<float>> tape;
  std::size_t before = 0;
  for (int round = 0; round < 5; ++round) {
    before = allocation_count();
    tape.rewind();
    tape.seed(w, v);
    const auto y = linear(tape.constant(x), tape.parameter(w), tape.parameter(b));
    tape.backward(mean(square(tanh(y))));
  }
  CHECK(allocation_count() == before);
}

TEST_CASE("A repeated derivative along a direction allocates nothing") {
  COUNTING_OR_SKIP();
  Rng rng(8);
  const auto x = random_normal<float>({8, 30}, rng), v = random_normal<float>({8, 30}, rng),
             w = random_normal<float>({30, 20}, rng);
  Tape<Dual<float>> tape;
  std::size_t before = 0;
  float along = 0;
  for (int round = 0; round < 5; ++round) {
    before = allocation_count();
    tape.rewind();
    const auto moving = tape.variable(x);
    tape.seed(moving, v);
    along = mean(square(tanh(matmul(moving, tape.parameter(w))))).item().tangent;
  }
  CHECK(allocation_count() == before);
  CHECK(along != 0);
}

TEST_CASE("A Hessian allocates as often for many numbers as for few") {
  COUNTING_OR_SKIP();
  Rng rng(9);
  const auto allocations = [&](std::size_t size) {
    const auto x = random_normal<double>({size, 30}, rng);
    const std::size_t before = allocation_count();
    const Array<double> h = hessian([](auto z) { return sum(exp(z) * z); }, x);
    CHECK(h(0, 0, 0, 0) != 0);
    return allocation_count() - before;
  };
  CHECK(allocations(4) < allocations(2) + 5);  // after 60 more passes
}

TEST_CASE("A hook gets the parameters of the caller on a tape of Dual numbers") {
  const Array<double> w{1, 2}, v{1, 1};
  Tape<Dual<double>> tape;
  tape.seed(w, v);
  const Array<double>* seen = nullptr;
  tape.backward(sum(square(tape.parameter(w))),
                [&](const Array<double>& parameter, Array<Dual<double>>& gradient) {
                  seen = &parameter;
                  CHECK(gradient(1) == Dual<double>(4, 2));
                });
  CHECK(seen == &w);
}
