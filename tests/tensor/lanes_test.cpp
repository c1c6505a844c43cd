#include "tensor/lanes.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "tensor/assign.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/steps.hpp"

// The result of a function does not depend on the place of a number in an array: in a vector
// register, or among the last elements, which do not fill one.

using xtape::Array;
using xtape::Shape;

namespace {

/// Returns numbers of every size, the infinities and NaN, and a dense range where functions like
/// exp overflow and underflow.
template <class T>
std::vector<T> numbers() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> list{0, Limits::quiet_NaN(), Limits::infinity(), Limits::max()};
  for (int exponent = Limits::min_exponent - Limits::digits; exponent < Limits::max_exponent;
       ++exponent) {
    list.push_back(std::ldexp(T(1.1), exponent));
    list.push_back(std::ldexp(T(1.9), exponent));
  }
  const T largest = T(1.2) * std::log2(Limits::max());  // 2^-x is 0 there
  for (int i = 1; i < 4000; ++i) {
    list.push_back(largest * T(i) / 4000);
  }
  const std::size_t count = list.size();
  for (std::size_t i = 0; i < count; ++i) {
    list.push_back(-list[i]);
  }
  return list;
}

/// Returns the number of floating-point numbers between two results. 0 and -0 are far apart.
template <class T>
double distance(T got, T wanted) {
  const bool other_zero = got == 0 && wanted == 0 && std::signbit(got) != std::signbit(wanted);
  return other_zero ? std::numeric_limits<double>::infinity() : steps_between(got, wanted);
}

/// Checks that f(x) of a whole array is `scalar` of each number, up to `steps` floating-point
/// numbers, at every place in the array.
template <class T, class F, class Scalar>
void check_lanes(const char* name, F f, Scalar scalar, double steps) {
  const std::vector<T> list = numbers<T>();
  double greatest = 0;
  T where = 0, got = 0;
  Array<T> x(Shape{list.size()}), y;
  for (std::size_t shift = 0; shift < 3 * xtape::detail::batch_size<T>; shift += 5) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      x(i) = list[(i + shift) % list.size()];
    }
    xtape::assign("test", y, f(x));
    for (std::size_t i = 0; i < list.size(); ++i) {
      const double here = distance(y(i), static_cast<T>(scalar(x(i))));
      if (here > greatest) {
        greatest = here, where = x(i), got = y(i);
      }
    }
  }
  INFO(name << "(" << where << ") is " << got << " and not " << scalar(where));
  CHECK(greatest <= steps);
}

}  // namespace

TEMPLATE_TEST_CASE("Functions give the standard library's results in every lane", "", float,
                   double) {
  using T = TestType;
#define CHECK_LANES(f, steps) \
  check_lanes<T>(             \
      #f, [](const Array<T>& x) { return xt::f(x); }, [](T x) { return std::f(x); }, steps)
  CHECK_LANES(exp, 2);
  CHECK_LANES(expm1, 3);
  CHECK_LANES(exp2, 3);
  CHECK_LANES(log, 2);
  CHECK_LANES(log2, 3);
  CHECK_LANES(log10, 2);
  CHECK_LANES(log1p, 2);
  CHECK_LANES(sqrt, 0);
  CHECK_LANES(tanh, 2);
  CHECK_LANES(sinh, 4);
  CHECK_LANES(cosh, 4);
  CHECK_LANES(asinh, 4);
  CHECK_LANES(acosh, 4);
  CHECK_LANES(atanh, 4);
  CHECK_LANES(abs, 0);
  CHECK_LANES(cbrt, 4);
  CHECK_LANES(asin, 4);
  CHECK_LANES(acos, 4);
  CHECK_LANES(atan, 4);
  CHECK_LANES(tgamma, 0);
  CHECK_LANES(lgamma, 0);
  // xsimd's functions have errors of some units more.
  CHECK_LANES(erf, 100);
  CHECK_LANES(erfc, 100);
#undef CHECK_LANES
}

TEMPLATE_TEST_CASE("Functions of two numbers give the standard library's results in every lane", "",
                   float, double) {
  using T = TestType;
  using Limits = std::numeric_limits<T>;
  std::vector<T> list;
  for (const T x :
       {T(0), T(0.5), T(1), T(1.5), T(3), T(100), T(1e10), T(1e30), T(1e-30), Limits::min(),
        Limits::denorm_min(), Limits::max(), Limits::infinity(), Limits::quiet_NaN()}) {
    list.insert(list.end(), {x, -x});
  }
  Array<T> x(Shape{list.size() * list.size()}), z = x, y;
  for (std::size_t i = 0; i < x.size(); ++i) {
    x(i) = list[i / list.size()];
    z(i) = list[i % list.size()];
  }
  const auto check = [&](const char* name, const auto& expression, auto scalar) {
    xtape::assign("test", y, expression);
    for (std::size_t i = 0; i < x.size(); ++i) {
      INFO(name << "(" << x(i) << ", " << z(i) << ") is " << y(i));
      CHECK(steps_between(y(i), static_cast<T>(scalar(x(i), z(i)))) <= 0);
    }
  };
#define CHECK_LANES(f) check(#f, xt::f(x, z), [](T a, T b) { return std::f(a, b); })
  CHECK_LANES(pow);
  CHECK_LANES(fmod);
  CHECK_LANES(remainder);
  CHECK_LANES(hypot);
  CHECK_LANES(atan2);
  CHECK_LANES(fmax);
  CHECK_LANES(fmin);
  CHECK_LANES(fdim);
#undef CHECK_LANES
  check("pow of a number", xt::pow(x, T(3)), [](T a, T) { return std::pow(a, T(3)); });
}

TEMPLATE_TEST_CASE("fma rounds once, and -0 has its sign, in every lane", "", float, double) {
  using T = TestType;
  constexpr std::size_t count = 2 * xtape::detail::batch_size<T> + 1;
  const Array<T> x(Shape{count}, T(1) / 3), y(Shape{count}, T(3.1)), zeros(Shape{count}, T(0));
  const Array<T> z(Shape{count}, -(x(0) * y(0)));
  Array<T> fused, negated;
  xtape::assign("test", fused, xt::fma(x, y, z));
  xtape::assign("test", negated, -zeros);
  REQUIRE(std::fma(x(0), y(0), z(0)) != 0);
  for (std::size_t i = 0; i < count; ++i) {
    CHECK(fused(i) == std::fma(x(0), y(0), z(0)));
    CHECK(std::signbit(negated(i)));
  }
}

TEMPLATE_TEST_CASE("A number that the vector code gets wrong leaves its neighbours alone", "",
                   float, double) {
  using T = TestType;
  constexpr std::size_t count = 4 * xtape::detail::batch_size<T> + 3;
  const T near_overflow = std::log(std::numeric_limits<T>::max()) * T(0.9999);
  Array<T> plain(Shape{count}), x, expected, y;
  for (std::size_t i = 0; i < count; ++i) {
    plain(i) = T(i) / T(count);
  }
  xtape::assign("test", expected, xt::exp(plain));
  for (std::size_t i = 0; i < count; ++i) {
    x = plain;
    x(i) = near_overflow;
    xtape::assign("test", y, xt::exp(x));
    REQUIRE(y(i) == std::exp(near_overflow));
    for (std::size_t j = 0; j < count; ++j) {
      REQUIRE((j == i || steps_between(y(j), expected(j)) <= 2));
    }
  }
}
