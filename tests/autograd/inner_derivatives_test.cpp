#include "autograd/inner_derivatives.hpp"

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "autograd/derivatives.hpp"
#include "autograd/no_grad.hpp"
#include "autograd/ops/ops.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/linear.hpp"
#include "nn/parameters.hpp"
#include "nn/sequential.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

using namespace xtape;

namespace {

/// A function of a vector and a matrix that returns one number.
constexpr auto energy = [](auto x, auto w) {
  return sum(square(tanh(matmul(w, x)))) + sum(x * x * x);
};
/// A function of the same that returns a vector.
constexpr auto field = [](auto x, auto w) { return tanh(matmul(w, x)) * x; };

struct Arguments {
  Array<double> x, w, v;
};
Arguments make_arguments() {
  Rng rng(7);
  return {random_normal<double>(Shape{3}, rng), random_normal<double>(Shape{3, 3}, rng),
          random_normal<double>(Shape{3}, rng)};
}

/// Checks the gradients of a function of arrays, given as a generic function of Variables, against
/// differences.
template <class F>
void check_inner_gradients(F f, const Array<double>& x, const Array<double>& w) {
  const auto [dx, dw] = grad(f, {x, w});
  const auto value = [&](const Array<double>& a, const Array<double>& b) {
    Tape<double> tape;
    return f(tape.variable(a), tape.variable(b)).item();
  };
  constexpr double step = 1e-5;
  const auto check = [&](const Array<double>& at, const Array<double>& slope, auto value_at) {
    for (std::size_t i = 0; i < at.size(); ++i) {
      Array<double> ahead = at, behind = at;
      ahead.data()[i] += step;
      behind.data()[i] -= step;
      const double difference = (value_at(ahead) - value_at(behind)) / (2 * step);
      CHECK(slope.data()[i] == Approx(difference).epsilon(1e-6).margin(1e-8));
    }
  };
  check(x, dx, [&](const Array<double>& a) { return value(a, w); });
  check(w, dw, [&](const Array<double>& b) { return value(x, b); });
}

}  // namespace

TEST_CASE("a gradient within a loss is differentiated") {
  const Arguments c = make_arguments();
  Tape<double> tape;
  const auto slope = grad(energy, tape.variable(c.x), tape.variable(c.w));
  const auto [dx, dw] = grad(energy, {c.x, c.w});
  CHECK((slope.value() == dx));
  check_inner_gradients(
      [](auto x, auto w) { return sum(square(grad(energy, x, w))) + energy(x, w); }, c.x, c.w);
}

TEST_CASE("a derivative along a direction within a loss is differentiated") {
  const Arguments c = make_arguments();
  Tape<double> tape;
  const auto x = tape.variable(c.x), w = tape.variable(c.w), v = tape.variable(c.v);
  const auto along = [&](auto at) { return field(at, at.tape().constant(c.w)); };
  const auto [y, dy] = jvp(along, c.x, c.v);
  const auto [y_op, dy_op] = jvp(field, x, v, w);
  CHECK((y_op.value() == y));
  CHECK((dy_op.value() == dy));
  check_inner_gradients(
      [&](auto at, auto matrix) { return sum(square(derivative(field, at, c.v, matrix))); }, c.x,
      c.w);
}

TEST_CASE("the gradient of a derivative in its direction is a vector-Jacobian product") {
  const Arguments c = make_arguments();
  Tape<double> tape;
  const auto v = tape.variable(c.v);
  const auto dy = derivative(field, tape.variable(c.x), v, tape.variable(c.w));
  tape.backward(dy, Array<double>{1, -2, 3});
  const auto [y, pullback] = vjp([&](auto x) { return field(x, x.tape().constant(c.w)); }, {c.x});
  const auto [product] = pullback(Array<double>{1, -2, 3});
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(v.grad()(i) == Approx(product(i)).epsilon(1e-14));
  }
}

TEST_CASE("parameters that a derivative reads get their gradients") {
  Rng rng(3);
  nn::Sequential<Dual<double>> network{nn::Linear<double>(1, 4, rng), nn::Tanh{},
                                       nn::Linear<double>(4, 1, rng)};
  const auto times = array_of<double>(Shape{2, 1}, {0.1, 0.7});
  const Array<double> one(Shape{2, 1}, 1.0);
  nn::Parameters<double> seeded, composed;
  Tape<Dual<double>> duals;
  const auto moved = duals.variable(times);
  duals.seed(moved, one);
  const auto u = network(moved);
  duals.backward_primal(mean(square(tangent(u) + u)));
  nn::copy_gradients(network, duals, seeded);

  Tape<double> tape;
  const auto t = tape.constant(times);
  const auto slope = derivative([&](auto at) { return network(at); }, t, one);
  tape.backward(mean(square(slope + network(t))));
  nn::copy_gradients(network, tape, composed);
  REQUIRE(composed.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < composed[i].size(); ++j) {
      CHECK(composed[i].data()[j] == Approx(seeded[i].data()[j]).epsilon(1e-12).margin(1e-14));
    }
  }
}

TEST_CASE("a gradient penalty has the gradient that differences give") {
  Rng rng(4);
  nn::Sequential<Dual<double>> critic{nn::Linear<double>(2, 4, rng), nn::Tanh{},
                                      nn::Linear<double>(4, 1, rng)};
  const Array<double> x{{0.5, -1}, {0.25, 2}, {1, 1}};
  const auto score = [&](auto at) { return sum(critic(at)); };
  const auto penalty = [&](Tape<double>& tape) {
    return mean(square(norm(grad(score, tape.constant(x)), 1) - 1.0));
  };
  Tape<double> tape;
  tape.backward(penalty(tape));
  auto& weight = critic.get<nn::Linear<double>>(0).weight;
  const Array<double> slope = tape.grad(weight);
  for (std::size_t i = 0; i < weight.size(); ++i) {
    const double before = weight.data()[i];
    double ends[2];
    for (const int side : {0, 1}) {
      weight.data()[i] = before + (side == 0 ? 1e-5 : -1e-5);
      tape.rewind();
      ends[side] = penalty(tape).item();
    }
    weight.data()[i] = before;
    CHECK(slope.data()[i] == Approx((ends[0] - ends[1]) / 2e-5).epsilon(1e-6).margin(1e-9));
  }
}

TEST_CASE("a Hessian-vector product is an op") {
  const Arguments c = make_arguments();
  Tape<double> tape;
  const auto product = hvp(energy, tape.variable(c.x), c.v, tape.variable(c.w));
  const Array<double> expected =
      hvp([&](auto x) { return energy(x, x.tape().constant(c.w)); }, c.x, c.v);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(product.value()(i) == Approx(expected(i)).epsilon(1e-14));
  }
}

TEST_CASE("inner derivatives take edge cases and refuse what cannot be") {
  Tape<double> tape;
  const auto x = tape.variable(Array<double>{1, 2});
  CHECK_FAILS(grad([](auto v) { return v * 2.0; }, x), ShapeError,
              "grad: the function must return one number, but 'multiply' produced (2)");
  CHECK_FAILS(derivative([](auto v) { return v; }, x, Array<double>{1}), ShapeError,
              "derivative: expected a direction (2), got (1)");
  Tape<double> other;
  CHECK_FAILS(grad([](auto a, auto b) { return sum(a * b); }, x, other.variable(1.0)), TapeError,
              "grad: the operands live on different tapes");
  CHECK((grad([](auto v) { return v.tape().constant(3.0); }, x).value() == Array<double>{0, 0}));
  const auto none = tape.variable(Array<double>(Shape{0}));
  CHECK(same_shape(grad([](auto v) { return sum(v); }, none).shape(), Shape{0}));
  const std::size_t size = tape.size();
  CHECK_THROWS_AS(derivative([](auto v) { return v; }, x, Array<double>{1, 2, 3}), ShapeError);
  CHECK(tape.size() == size);
  const NoGrad<double> guard{tape};
  CHECK((grad([](auto v) { return sum(v * v); }, x).value() == Array<double>{2, 4}));
}

TEST_CASE("a function that draws random numbers draws the same ones again in backward") {
  Tape<double> tape;
  const Array<double> x(Shape{64}, 1.0);
  const auto f = [](auto v) { return sum(dropout(v * v, 0.5, v.tape().rng())); };
  const auto at = tape.variable(x);
  const auto slope = grad(f, at);  // 2 x mask
  tape.backward(sum(slope));
  CHECK((at.grad() == slope.value()));
  CHECK_FALSE((grad(f, tape.variable(x)).value() == slope.value()));
}

TEST_CASE("a parameter that moves along a direction is passed as an argument") {
  const Array<double> w{1, 2}, direction{1, 1};
  const auto f = [&](auto v) { return sum(v * v * v.tape().parameter(w)); };
  Tape<Dual<double>> tape;
  tape.seed(w, direction);
  CHECK_FAILS(grad(f, tape.variable(Array<double>{3, 4})), TapeError,
              "grad: the function reads a parameter (2) that moves along a direction; pass it as "
              "an argument");
}

#ifdef XTAPE_NESTED_DUALS

TEST_CASE("derivatives of derivatives of every kind are ops") {
  const Array<double> x{0.5, -1, 2}, v{1, 2, -1};
  const auto f = [](auto at) { return sum(sin(at) * at * at); };
  const auto slope = [&](auto at) { return grad(f, at); };
  constexpr auto second = [](double a) { return (2 - a * a) * std::sin(a) + 4 * a * std::cos(a); };
  constexpr auto third = [](double a) { return (6 - a * a) * std::cos(a) - 6 * a * std::sin(a); };
  const auto along = [&](auto at) { return derivative(f, at, v); };
  const auto curvature = [&](auto at) { return sum(hvp(f, at, v)); };

  const auto [g, hv] = jvp(slope, x, v);            // jvp of grad
  const Array<double> of_hvp = grad(curvature, x);  // grad of a function that calls hvp
  const Array<double> of_jvp = grad([&](auto at) { return derivative(along, at, v); }, x);
  const auto [first, twice] = jvp(along, x, v);  // jvp of jvp
  double expected = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(hv(i) == Approx(second(x(i)) * v(i)).epsilon(1e-13));
    CHECK(of_hvp(i) == Approx(third(x(i)) * v(i)).epsilon(1e-13));
    CHECK(of_jvp(i) == Approx(third(x(i)) * v(i) * v(i)).epsilon(1e-13));
    expected += second(x(i)) * v(i) * v(i);
  }
  CHECK(twice() == Approx(expected).epsilon(1e-13));
}

TEST_CASE("levels of derivatives do not mix") {
  // d/dx (x d/dy (x y)) = 2 x, and d/dx (x d/dy (x + y)) = 1: y has another direction than x.
  const Array<double> three{3}, one{1};
  const auto product = [&](auto x) {
    return x * derivative([](auto y, auto from) { return from * y; }, x, one, x);
  };
  CHECK(jvp(product, three, one).second(0) == 6);
  const auto total = [&](auto x) {
    return x * derivative([](auto y, auto from) { return from + y; }, x, one, x);
  };
  CHECK(jvp(total, three, one).second(0) == 1);
  CHECK(grad([&](auto x) { return sum(total(x)); }, three)(0) == 1);
}

TEST_CASE("a derivative of third order in backward says that there is no level for it") {
  Tape<Dual<Dual<double>>> tape;
  const auto y = sum(grad([](auto at) { return sum(exp(at)); }, tape.variable(Array<double>{1})));
  CHECK_FAILS(tape.backward(y), TapeError,
              "grad: its derivative on this tape needs Dual numbers of Dual numbers of double, and "
              "an xtape that was configured with -DXTAPE_NESTED_DUALS=ON");
}

#endif
