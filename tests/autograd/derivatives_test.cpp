#include "autograd/derivatives.hpp"

#include <cmath>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

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

TEMPLATE_TEST_CASE("jvp gives the value and its derivative along a direction", "", float, double) {
  using T = TestType;
  const Array<T> x{3, 2}, v{1, 2};
  const auto [y, dy] = jvp(rosenbrock, x, v);
  CHECK((y == Array<T>{4 + 100 * 49}));
  CHECK((dy == Array<T>{(4 + 1200 * 7) - 2 * 200 * 7}));
  const Array<T> a{{1, 2}, {3, 4}}, b{5, 6}, da{{1, 0}, {0, -1}}, db{2, 1};
  const auto product = [](auto m, auto c) { return matmul(m, c); };
  const auto [ab, dab] = jvp(product, {a, b}, {da, db});
  CHECK((ab == Array<T>{17, 39}));
  CHECK((dab == Array<T>{5 + 4, -6 + 10}));
  const auto [scalar, slope] = jvp([](auto z) { return z * z; }, Array<T>(T(3)), Array<T>(T(2)));
  CHECK(scalar() == 9);
  CHECK(slope() == 12);
}

TEMPLATE_TEST_CASE("hvp gives the derivative of the gradients along directions", "", float,
                   double) {
  using T = TestType;
  const Array<T> x{3, 2}, v{1, 2};
  CHECK((hvp(rosenbrock, x, v) == Array<T>{10002 - 2400, -1200 + 400}));
  const Array<T> a{{1, 2}, {3, 4}}, b{5, 6}, da{{1, 0}, {0, -1}}, db{2, 1}, none{7};
  const auto f = [](auto m, auto c, auto) { return sum(matmul(m, c) * c); };  // c^T M c
  const auto [ha, hb, hn] = hvp(f, {a, b, none}, {da, db, none});
  CHECK((ha == Array<T>{{2 * 5 * 2, 2 * 6 + 5}, {6 * 2 + 5, 2 * 6}}));
  // (M + M^T) dc + (dM + dM^T) c
  CHECK((hb == Array<T>{2 * 2 + 5 + 2 * 5, 5 * 2 + 8 - 2 * 6}));
  CHECK((hn == Array<T>{0}));
}

TEMPLATE_TEST_CASE("hessian is the matrix of second derivatives", "", float, double) {
  using T = TestType;
  const Array<T> x{3, 2};
  CHECK((hessian(rosenbrock, x) == Array<T>{{10002, -1200}, {-1200, 200}}));
  const Array<T> cube{{1, 2, 3}, {4, 5, 6}};
  const Array<T> h = hessian([](auto z) { return sum(z * z * z) + sum(z); }, cube);
  REQUIRE(same_shape(h.shape(), Shape{2, 3, 2, 3}));
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t k = 0; k < 6; ++k) {
      CHECK(h.data()[6 * i + k] == (i == k ? 6 * cube.data()[i] : T(0)));
    }
  }
  CHECK(hessian([](auto z) { return z * z; }, Array<T>(T(3)))() == 2);
  CHECK((hessian([](auto z) { return sum(z); }, x) == Array<T>(Shape{2, 2}, T(0))));
  const Array<T> none(Shape{0, 3});
  CHECK(same_shape(hessian([](auto z) { return sum(z); }, none).shape(), Shape{0, 3, 0, 3}));
  CHECK_THROWS_AS(hessian([](auto z) { return sum(z); }, Array<T>(Shape(max_rank, 1), T(1))),
                  ShapeError);
}

TEMPLATE_TEST_CASE("Jacobians are the same forward and backward", "", float, double) {
  using T = TestType;
  Rng rng(1);
  const auto x = random_integers<T>({2, 2}, rng);
  const auto outer = [](auto z) {
    return unsqueeze(reshape(z, {4}), 0) * unsqueeze(reshape(z, {4}), 1);
  };
  const Array<T> forward = jacfwd(outer, x), backward = jacrev(outer, x);
  REQUIRE(same_shape(forward.shape(), Shape{4, 4, 2, 2}));
  CHECK((forward == backward));
  CHECK((jacobian(outer, x) == backward));
  const Array<T> none(Shape{0});
  CHECK(same_shape(jacfwd(
                       [](auto z) {
                         return reshape(z, {0, 2});
                       },
                       none)
                       .shape(),
                   Shape{0, 2, 0}));
  const auto constant = [](auto z) { return z.tape().constant(Array<T>{4, 5}); };
  CHECK((jacfwd(constant, x) == Array<T>(Shape{2, 2, 2}, T(0))));
}

TEST_CASE("jacobian takes the fewer passes") {
  std::size_t forward = 0, backward = 0;
  const auto counted = [&](auto z) {
    using Number = typename std::remove_cvref_t<decltype(z.value())>::value_type;
    ++(is_dual<Number> ? forward : backward);
    return concatenate(z, z * z, 0);
  };
  const Array<double> x{1, 2, 3};
  const Array<double> tall = jacobian(counted, x);
  CHECK(tall(4, 1) == 4);
  CHECK((forward == 3 && backward == 1));
  const Array<double> wide = jacobian([&](auto z) { return sum(counted(z), 0, true); }, x);
  CHECK(wide(0, 1) == 5);
  CHECK((forward == 3 && backward == 2));
  // A function of one type is differentiated backward.
  const auto typed = [](Variable<double> z) { return concatenate(z, z * z, 0); };
  CHECK(jacobian(typed, x)(4, 1) == 4);
}

TEST_CASE("Forward and second derivatives mix numbers and arrays with Variables") {
  const Array<double> w{2, 3}, x{1, 2}, v{1, 1};
  const Array<float> narrow{2, 3};
  const auto f = [&](auto z) { return sum(2 * w * z * z + xt::cast<double>(narrow) - 1.5f / z); };
  const auto [y, dy] = jvp(f, x, v);
  CHECK(y() == 4 + 2 - 1.5 + 24 + 3 - 0.75);
  CHECK(dy() == 8 + 1.5 + 24 + 0.375);
  CHECK((hvp(f, x, v) == Array<double>{8 - 3, 12 - 0.375}));
  const auto masked = [](auto z) { return sum(where(z > 1.5, z * z, 7.0) + maximum(z, 0)); };
  CHECK((hvp(masked, x, v) == Array<double>{0, 2}));
  const auto labelled = [](auto z) {
    return softmax_cross_entropy(unsqueeze(z, 0), Indices(std::vector<int>{1}));
  };
  const double p = 1 / (1 + std::exp(1.0));
  const Array<double> h = hessian(labelled, x);
  CHECK(std::abs(h(0, 0) - p * (1 - p)) < 1e-15);
  CHECK(std::abs(h(0, 1) + p * (1 - p)) < 1e-15);
}

TEST_CASE("What needs no gradient has no tangent") {
  const Array<double> x{1, 2}, v{1, 1};
  const auto stopped = [](auto z) { return sum(z * z.tape().constant(z.value())); };
  CHECK(jvp(stopped, x, v).second() == 3);
  CHECK((hvp(stopped, x, v) == Array<double>{0, 0}));
  const auto without = [](auto z) {
    const NoGrad guard{z.tape()};
    return sum(z * z);
  };
  CHECK(jvp(without, x, v).first() == 5);
  CHECK(jvp(without, x, v).second() == 0);
  CHECK((hvp(without, x, v) == Array<double>{0, 0}));
}

TEST_CASE("Random numbers are the same along all directions") {
  const Array<double> x(Shape{40}, 1.0);
  const auto f = [](auto z) { return dropout(z, 0.5, z.tape().rng()); };
  const Array<double> forward = jacfwd(f, x);
  CHECK((forward == jacrev(f, x)));
  CHECK(xt::sum(forward)() > 0);
}

TEST_CASE("jvp, hvp and hessian say what does not fit") {
  const Array<double> x{1, 2}, wrong{1, 2, 3};
  const auto f = [](auto a, auto b) { return sum(a * b); };
  CHECK_FAILS(jvp(f, {x, x}, {x, wrong}), ShapeError,
              "jvp: expected a direction (2) for input 1, got (3)");
  CHECK_FAILS(hvp(f, {x, x}, {wrong, x}), ShapeError,
              "hvp: expected a direction (2) for input 0, got (3)");
  const auto doubled = [](auto z) { return z * 2.0; };
  CHECK_FAILS(hvp(doubled, x, x), ShapeError,
              "hvp: the function must return one number, but 'multiply' produced (2)");
  CHECK_FAILS(hessian(doubled, x), ShapeError,
              "hessian: the function must return one number, but 'multiply' produced (2)");
  Tape<Dual<double>> tape;
  const auto elsewhere = tape.variable(1.0);
  CHECK_FAILS(jvp([&](auto) { return elsewhere; }, x, x), TapeError,
              "the function to differentiate returned 'variable' of another tape than that of its "
              "arguments");
  Array<double> moved{1, 2};
  const Array<double> taken = std::move(moved);
  CHECK_THROWS_AS(hvp(rosenbrock, moved, x), ShapeError);  // NOLINT(bugprone-use-after-move)
  CHECK_THROWS_AS(jvp(rosenbrock, x, moved), ShapeError);
  CHECK(taken.size() == 2);
}
