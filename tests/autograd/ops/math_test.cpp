#include "autograd/ops/math.hpp"

#include <cmath>

#include "tests/ops/evaluate.hpp"

using namespace xtape;

namespace {

const auto apply_exp = [](auto x) { return exp(x); };
const auto apply_log = [](auto x) { return log(x); };
const auto apply_sqrt = [](auto x) { return sqrt(x); };
const auto apply_abs = [](auto x) { return abs(x); };

/// x -> x^p
struct Power {
  double p;

  template <class T>
  Variable<T> operator()(Variable<T> x) const {
    return pow(x, static_cast<T>(p));
  }
};

}  // namespace

TEMPLATE_TEST_CASE("exp overflows to infinity and underflows to 0", "", float, double) {
  CHECK(at_point<TestType>(apply_exp, 1e4).value == infinity);
  CHECK(at_point<TestType>(apply_exp, -1e4).value == 0);
  CHECK(at_point<TestType>(apply_exp, -infinity).slope == 0);
  CHECK(std::isnan(at_point<TestType>(apply_exp, not_a_number).value));
}

TEMPLATE_TEST_CASE("log is IEEE arithmetic's", "", float, double) {
  CHECK(at_point<TestType>(apply_log, 0).value == -infinity);
  CHECK(at_point<TestType>(apply_log, 0).slope == infinity);
  CHECK(at_point<TestType>(apply_log, infinity).value == infinity);
  CHECK(std::isnan(at_point<TestType>(apply_log, -1).value));
  CHECK(std::isnan(at_point<TestType>(apply_log, not_a_number).value));
}

TEMPLATE_TEST_CASE("sqrt has an infinite slope at 0", "", float, double) {
  CHECK(at_point<TestType>(apply_sqrt, 0).value == 0);
  CHECK(at_point<TestType>(apply_sqrt, 0).slope == infinity);
  CHECK(std::isnan(at_point<TestType>(apply_sqrt, -1).value));
}

TEMPLATE_TEST_CASE("pow is std::pow at special numbers", "", float, double) {
  CHECK(std::isnan(at_point<TestType>(Power{0.5}, -1).value));
  CHECK(std::isnan(at_point<TestType>(Power{2}, not_a_number).value));
  CHECK(at_point<TestType>(Power{1}, 0).slope == 1);
  CHECK(at_point<TestType>(Power{2}, 0).slope == 0);
  CHECK(at_point<TestType>(Power{0.5}, 0).slope == infinity);
}

TEMPLATE_TEST_CASE("pow with exponent 0 is 1 everywhere, with no gradient", "", float, double) {
  for (const double x : {-1.0, 0.0, 2.0, 1e30}) {
    CHECK(at_point<TestType>(Power{0}, x).value == 1);
    CHECK(at_point<TestType>(Power{0}, x).slope == 0);
  }
}

TEMPLATE_TEST_CASE("abs has the slope 0 at 0", "", float, double) {
  for (const double zero : {0.0, -0.0}) {
    CHECK(at_point<TestType>(apply_abs, zero).value == 0);
    CHECK(at_point<TestType>(apply_abs, zero).slope == 0);
  }
  CHECK(at_point<TestType>(apply_abs, -infinity).value == infinity);
  CHECK(at_point<TestType>(apply_abs, -infinity).slope == -1);
  CHECK(std::isnan(at_point<TestType>(apply_abs, not_a_number).value));
  CHECK(std::isnan(at_point<TestType>(apply_abs, not_a_number).slope));
}
