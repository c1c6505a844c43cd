#include "autograd/derivatives.hpp"

#include <cstddef>
#include <optional>
#include <utility>

#include "autograd/no_grad.hpp"
#include "autograd/ops/ops.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

using namespace xtape;

namespace {

/// Rosenbrock's function of two numbers, (1 - a)^2 + 100 (b - a^2)^2.
constexpr auto rosenbrock = [](auto x) {
  const auto a = slice(x, 0, 1), b = slice(x, 1);
  return square(1 - a) + 100 * square(b - square(a));
};

}  // namespace

TEMPLATE_TEST_CASE("grad gives the gradient of a function of arrays", "", float, double) {
  const Array<TestType> x{3, 2};
  CHECK((grad(rosenbrock, x) == Array<TestType>{4 + 1200 * 7, -200 * 7}));
  CHECK((grad([](auto v) { return v; }, Array<TestType>(TestType(5)))() == 1));
  const Array<TestType> none(Shape{0, 3});
  CHECK(same_shape(grad([](auto v) { return sum(v); }, none).shape(), Shape{0, 3}));
}

TEMPLATE_TEST_CASE("grad gives one array for each input", "", float, double) {
  using T = TestType;
  const Array<T> a{1, 2}, b{{3, 4}, {5, 6}}, c{7};
  const auto f = [](auto x, auto y, auto) { return sum(matmul(y, x) * x); };
  const auto [da, db, dc] = grad(f, {a, b, c});
  CHECK((da == Array<T>{6 + 18, 9 + 24}));  // (B + B^T) a
  CHECK((db == Array<T>{{1, 2}, {2, 4}}));  // a a^T
  CHECK((dc == Array<T>{0}));
  const auto [twice, again] = grad([](auto x, auto y) { return sum(x * y); }, {a, a});
  CHECK((twice == a));
  CHECK((again == a));
}

TEST_CASE("grad says that a function must return one number") {
  const Array<double> x{1, 2};
  CHECK_FAILS(grad([](auto v) { return v * 2.0; }, x), ShapeError,
              "grad: the function must return one number, but 'multiply' produced (2); see vjp() "
              "and jacobian()");
  Tape<double> tape;
  const auto elsewhere = tape.variable(1.0);
  CHECK_FAILS(grad([&](auto) { return elsewhere; }, x), TapeError,
              "the function to differentiate returned 'variable' of another tape than that of its "
              "arguments");
  Array<double> moved{1, 2};
  const Array<double> taken = std::move(moved);
  CHECK_THROWS_AS(grad(rosenbrock, moved), ShapeError);
  CHECK(taken.size() == 2);
}

TEMPLATE_TEST_CASE("vjp multiplies cotangents by the Jacobian, as often as asked", "", float,
                   double) {
  using T = TestType;
  Rng rng(1);
  const auto w = random_integers<T>({3, 4}, rng), x = random_integers<T>({4}, rng);
  std::optional<Pullback<T, 2>> kept;
  {
    const Array<T> w_copy = w, x_copy = x;
    auto [y, pullback] = vjp([](auto a, auto b) { return matmul(a, b); }, {w_copy, x_copy});
    for (std::size_t row = 0; row < 3; ++row) {
      CHECK(y(row) == w(row, 0) * x(0) + w(row, 1) * x(1) + w(row, 2) * x(2) + w(row, 3) * x(3));
    }
    kept = std::move(pullback);  // it outlives the arrays that it was made with
  }
  for (const std::size_t i : {0UL, 2UL, 1UL, 0UL}) {
    Array<T> cotangent(Shape{3}, T(0));
    cotangent(i) = 2;
    const auto [dw, dx] = (*kept)(cotangent);
    for (std::size_t row = 0; row < 3; ++row) {
      for (std::size_t column = 0; column < 4; ++column) {
        CHECK(dw(row, column) == (row == i ? 2 * x(column) : T(0)));
        CHECK(dx(column) == 2 * w(i, column));
      }
    }
  }
  CHECK_FAILS((*kept)(Array<T>(Shape{3, 1})), ShapeError,
              "vjp: expected a cotangent (3), got (3, 1)");
  const Pullback<T, 2> taker = *std::move(kept);
  CHECK_FAILS((*kept)(Array<T>(Shape{3})), ValueError, "vjp: the pullback was moved from");
  CHECK(taker.value().size() == 3);
}

TEST_CASE("Results that depend on no input have gradients of zeros") {
  const Array<float> x{1, 2, 3};
  const auto constant = [](auto v) { return v.tape().constant(Array<float>{4, 5}); };
  const auto [y, pullback] = vjp(constant, {x});
  CHECK((y == Array<float>{4, 5}));
  CHECK((pullback(Array<float>{1, 1})[0] == Array<float>{0, 0, 0}));
  CHECK((jacobian(constant, x) == Array<float>(Shape{2, 3}, 0.f)));
  const auto without = [](auto v) {
    const NoGrad guard{v.tape()};
    return sum(v);
  };
  CHECK((grad(without, x) == Array<float>{0, 0, 0}));
}

TEMPLATE_TEST_CASE("jacobian has the shape of the result, and then that of the input", "", float,
                   double) {
  using T = TestType;
  const Array<T> x{{1, 2, 3}, {4, 5, 6}};
  const Array<T> squares = jacobian([](auto v) { return square(v); }, x);
  REQUIRE(same_shape(squares.shape(), Shape{2, 3, 2, 3}));
  const Array<T> sums = jacobian([](auto v) { return sum(v, 1); }, x);
  REQUIRE(same_shape(sums.shape(), Shape{2, 2, 3}));
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t k = 0; k < 6; ++k) {
      CHECK(squares.data()[6 * i + k] == (i == k ? 2 * x.data()[i] : T(0)));
    }
    CHECK(sums.data()[i] == (i < 3 ? T(1) : T(0)));
    CHECK(sums.data()[6 + i] == (i < 3 ? T(0) : T(1)));
  }
  CHECK((jacobian([](auto v) { return v; }, Array<T>(T(3)))() == 1));
  CHECK(same_shape(jacobian([](auto v) { return slice(v, 2); }, x).shape(), Shape{0, 3, 2, 3}));
  CHECK_THROWS_AS(jacobian([](auto v) { return v; }, Array<T>(Shape(max_rank, 1), T(1))),
                  ShapeError);
}
