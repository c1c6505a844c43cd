#include "tensor/dual.hpp"

#include <cmath>
#include <limits>
#include <type_traits>

#include "tensor/assign.hpp"
#include "tensor/elementwise.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/numbers.hpp"

using xtape::Array;
using xtape::Dual;
using xtape::Shape;

namespace {

using D = Dual<double>;

/// Checks both parts, to rounding.
void check(D x, double value, double tangent) {
  INFO(x.value << " + " << x.tangent << "e, expected " << value << " + " << tangent << "e");
  CHECK(std::abs(x.value - value) <= 4e-15 * (1 + std::abs(value)));
  CHECK(std::abs(x.tangent - tangent) <= 4e-15 * (1 + std::abs(tangent)));
}

/// Checks function(expression of arrays) against function(number), in registers and in the tail.
template <class T, class F>
void check_lanes(F function, double tolerance = 0) {
  Array<Dual<T>> x(Shape{71}), y;
  for (std::size_t i = 0; i < x.size(); ++i) {
    x.data()[i] = Dual<T>(static_cast<T>(0.03 + 0.02 * static_cast<double>(i)),
                          static_cast<T>(1 - 0.1 * static_cast<double>(i)));
  }
  assign("test", y, function(x));
  for (std::size_t i = 0; i < x.size(); ++i) {
    Array<Dual<T>> one(Shape{1}), alone;
    one.data()[0] = x.data()[i];
    assign("test", alone, function(one));
    const Dual<T> all = y.data()[i], single = alone.data()[0];
    INFO("element " << i << ": " << all.value << " + " << all.tangent << "e, alone " << single.value
                    << " + " << single.tangent << "e");
    CHECK(std::abs(all.value - single.value) <= static_cast<T>(tolerance) * std::abs(single.value));
    CHECK(std::abs(all.tangent - single.tangent) <=
          static_cast<T>(tolerance) * (1 + std::abs(single.tangent)));
  }
}

}  // namespace

TEST_CASE("Arithmetic of Dual numbers follows the rules of differentiation") {
  const D a(3, 2), b(4, -5);
  check(a + b, 7, -3);
  check(a - b, -1, 7);
  check(a * b, 12, 2 * 4 - 3 * 5);
  check(a / b, 0.75, (2 * 4 + 3 * 5) / 16.0);
  check(-a, -3, -2);
  check(+a, 3, 2);
  check(a + 1.0, 4, 2);
  check(1.0 + a, 4, 2);
  check(a - 1.0, 2, 2);
  check(1.0 - a, -2, -2);
  check(a * 2.0, 6, 4);
  check(2.0 * a, 6, 4);
  check(a / 2.0, 1.5, 1);
  check(6.0 / a, 2, -6 * 2 / 9.0);
  D c = a;
  c += b;
  check(c, 7, -3);
  c -= b;
  c *= b;
  check(c, 12, -7);
  c /= 2.0;
  check(c, 6, -3.5);
  check(D(), 0, 0);
  check(D(5), 5, 0);
}

TEST_CASE("A constant has no tangent that could meet infinity") {
  const D endless(infinity, 1);
  CHECK((endless * 2.0).tangent == 2);
  CHECK((2.0 * endless).tangent == 2);
  CHECK((endless / 2.0).tangent == 0.5);
  CHECK((endless + 2.0).tangent == 1);
  CHECK((2.0 - endless).tangent == -1);
  CHECK((1.0 / endless).tangent == 0);
}

TEST_CASE("Dual numbers are ordered by value, and equal if both parts are") {
  const D a(1, 2), b(1, 3), c(2, 0), nan(not_a_number, 0);
  CHECK(a < c);
  CHECK(c > b);
  CHECK_FALSE(a < b);
  CHECK(a <= b);
  CHECK(a >= b);
  CHECK(a == D(1, 2));
  CHECK(a != b);
  CHECK(D(0, 1) != D(0));  // it moves, so it is no zero
  CHECK(D(0) == D(-0.0));
  CHECK(nan != nan);
  CHECK(value_of(a) == value_of(b));
  CHECK(xtape::tangent_of(b) == 3);
  CHECK(xtape::tangent_of(3.F) == 0);
  CHECK(std::is_same_v<xtape::Real<D>, double>);
  CHECK(std::is_same_v<xtape::Real<float>, float>);
}

TEST_CASE("Functions of Dual numbers follow the chain rule") {
  const double x = 0.6, v = 2.5;
  const D a(x, v);
  check(exp(a), std::exp(x), v * std::exp(x));
  check(expm1(a), std::expm1(x), v * std::exp(x));
  check(log(a), std::log(x), v / x);
  check(log1p(a), std::log1p(x), v / (1 + x));
  check(sqrt(a), std::sqrt(x), v / (2 * std::sqrt(x)));
  check(sin(a), std::sin(x), v * std::cos(x));
  check(cos(a), std::cos(x), -v * std::sin(x));
  check(tan(a), std::tan(x), v / (std::cos(x) * std::cos(x)));
  check(sinh(a), std::sinh(x), v * std::cosh(x));
  check(cosh(a), std::cosh(x), v * std::sinh(x));
  check(tanh(a), std::tanh(x), v / (std::cosh(x) * std::cosh(x)));
  const double bell = 2 / std::sqrt(std::acos(-1.0)) * std::exp(-x * x);
  check(erf(a), std::erf(x), v * bell);
  check(erfc(a), std::erfc(x), -v * bell);
  check(abs(a), x, v);
  check(abs(-a), x, v);
  check(abs(D(0, 3)), 0, 0);
  check(expm1(D(-50, 1)), -1, std::exp(-50.0));
}

TEST_CASE("Powers, lengths and angles of Dual numbers") {
  check(pow(D(3, 2), 2.0), 9, 12);
  check(pow(D(0, 1), 2.0), 0, 0);
  check(pow(D(0, 1), 1.0), 0, 1);
  check(pow(D(0, 1), 0.0), 1, 0);
  check(pow(D(-2, 1), D(3)), -8, 12);  // a negative base, to a power that stays
  check(pow(D(2, 1), D(3, 1)), 8, 12 + 8 * std::log(2.0));
  check(pow(D(0, 1), D(2, 1)), 0, 0);
  check(hypot(D(3, 1), D(4, 2)), 5, 0.6 + 1.6);
  check(atan2(D(3, 1), D(4, 2)), std::atan2(3.0, 4.0), (4.0 - 6.0) / 25);
  check(atan2(D(0, 1), D(0, 2)), 0, 0);
  CHECK(isnan(D(not_a_number, 0)));
  CHECK_FALSE(isnan(D(0, not_a_number)));
  CHECK_FALSE(isfinite(D(0, infinity)));
  CHECK_FALSE(isfinite(D(infinity, 0)));
  CHECK(isfinite(D(0, 1)));
}

TEMPLATE_TEST_CASE("Dual numbers give the same in a register and in the tail", "", float, double) {
  using T = TestType;
  constexpr double few = 16 * static_cast<double>(std::numeric_limits<T>::epsilon());
  check_lanes<T>([](const auto& x) { return x + x * T(2) - T(0.25); }, few);
  check_lanes<T>([](const auto& x) { return x * x / (x + T(1)); }, few);
  check_lanes<T>([](const auto& x) { return -x; });
  check_lanes<T>([](const auto& x) { return T(1) - T(3) / x; }, few);
  check_lanes<T>([](const auto& x) { return xt::exp(x); }, few);
  check_lanes<T>([](const auto& x) { return xt::log(x); }, few);
  check_lanes<T>([](const auto& x) { return xt::log1p(x); }, few);
  check_lanes<T>([](const auto& x) { return xt::sqrt(x); }, few);
  check_lanes<T>([](const auto& x) { return xt::sin(x); }, few);
  check_lanes<T>([](const auto& x) { return xt::cos(x); }, few);
  check_lanes<T>([](const auto& x) { return xt::tanh(x); }, few);
  check_lanes<T>([](const auto& x) { return xt::abs(x - T(0.5)); }, few);
  check_lanes<T>([](const auto& x) { return logistic(x); }, few);
  check_lanes<T>([](const auto& x) { return positive_part(x); });
}

TEMPLATE_TEST_CASE("The kink of max(x, 0) has the mean of the slopes at its sides", "", float,
                   double) {
  using T = TestType;
  Array<Dual<T>> x(Shape{37}, Dual<T>(0, 4)), y;
  assign("test", y, positive_part(x));
  for (const Dual<T> each : y.storage()) {
    CHECK(each.value == 0);
    CHECK(each.tangent == 2);
  }
}

TEST_CASE("Plain numbers become Dual numbers without tangents") {
  const Array<float> numbers{1, 2, 3};
  Array<D> x(Shape{5}, D(1, 1));
  assign("test", x, xt::cast<double>(numbers) * 2.0);
  CHECK(same_shape(x.shape(), Shape{3}));
  CHECK(x.storage().is_constant());
  CHECK(D(x(2)) == D(6));
}

TEST_CASE("Dual numbers broadcast") {
  Array<D> row(Shape{1, 19}, D(2, 1)), column(Shape{3, 1}, D(5, 7)), sum;
  assign("test", sum, row * column);
  REQUIRE(same_shape(sum.shape(), Shape{3, 19}));
  for (const D each : sum.storage()) {
    CHECK(each == D(10, 5 + 14));
  }
}
