#include "autograd/ops/activations.hpp"

#include <cmath>
#include <numbers>

#include "tests/ops/evaluate.hpp"

using namespace xtape;

namespace {

const auto apply_sigmoid = [](auto x) { return sigmoid(x); };
const auto apply_tanh = [](auto x) { return tanh(x); };
const auto apply_relu = [](auto x) { return relu(x); };
const auto apply_leaky_relu = [](auto x) { return leaky_relu(x); };
const auto apply_softplus = [](auto x) { return softplus(x); };
const auto apply_gelu = [](auto x) { return gelu(x); };

double normal_distribution(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }
double normal_density(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi); }

}  // namespace

TEMPLATE_TEST_CASE("sigmoid is right for numbers of any size", "", float, double) {
  for (const double x : {1e4, 1e30, infinity}) {
    CHECK(at_point<TestType>(apply_sigmoid, x).value == 1);
    CHECK(at_point<TestType>(apply_sigmoid, x).slope == 0);
    CHECK(at_point<TestType>(apply_sigmoid, -x).value == 0);
    CHECK(at_point<TestType>(apply_sigmoid, -x).slope == 0);
  }
  // Small results keep their digits.
  const Point far = at_point<TestType>(apply_sigmoid, -50);
  CHECK(far.value == Approx(std::exp(-50.0)).epsilon(1e-5));
  CHECK(far.slope == Approx(std::exp(-50.0)).epsilon(1e-5));
  CHECK(at_point<TestType>(apply_sigmoid, 0).value == 0.5);
  CHECK(at_point<TestType>(apply_sigmoid, -0.0).slope == 0.25);
}

TEMPLATE_TEST_CASE("tanh is right for numbers of any size", "", float, double) {
  for (const double x : {1e4, 1e30, infinity}) {
    CHECK(at_point<TestType>(apply_tanh, x).value == 1);
    CHECK(at_point<TestType>(apply_tanh, -x).value == -1);
    CHECK(at_point<TestType>(apply_tanh, -x).slope == 0);
  }
}

TEMPLATE_TEST_CASE("relu is 0 at 0, with slope 0", "", float, double) {
  CHECK(at_point<TestType>(apply_relu, 0).value == 0);
  CHECK(at_point<TestType>(apply_relu, 0).slope == 0);
  CHECK(at_point<TestType>(apply_relu, infinity).value == infinity);
  CHECK(at_point<TestType>(apply_relu, -infinity).value == 0);
  CHECK(at_point<TestType>(apply_relu, -infinity).slope == 0);
}

TEMPLATE_TEST_CASE("leaky_relu has the slope of the negative side at 0", "", float, double) {
  const Point kink = at_point<TestType>([](auto x) { return leaky_relu(x, 0.25); }, 0);
  CHECK(kink.value == 0);
  CHECK(kink.slope == 0.25);
}

TEMPLATE_TEST_CASE("softplus is right for numbers of any size", "", float, double) {
  for (const double x : {1e4, 1e30}) {
    CHECK(at_point<TestType>(apply_softplus, x).value == static_cast<TestType>(x));
    CHECK(at_point<TestType>(apply_softplus, x).slope == 1);
    CHECK(at_point<TestType>(apply_softplus, -x).value == 0);
    CHECK(at_point<TestType>(apply_softplus, -x).slope == 0);
  }
  CHECK(at_point<TestType>(apply_softplus, infinity).value == infinity);
  CHECK(at_point<TestType>(apply_softplus, -infinity).value == 0);
  CHECK(at_point<TestType>(apply_softplus, -50).value == Approx(std::exp(-50.0)).epsilon(1e-5));
}

TEMPLATE_TEST_CASE("gelu is right for numbers of any size", "", float, double) {
  for (const double x : {1e4, 1e30}) {
    CHECK(at_point<TestType>(apply_gelu, x).value == static_cast<TestType>(x));
    CHECK(at_point<TestType>(apply_gelu, x).slope == 1);
    CHECK(at_point<TestType>(apply_gelu, -x).value == 0);
    CHECK(at_point<TestType>(apply_gelu, -x).slope == 0);
  }
  CHECK(at_point<TestType>(apply_gelu, infinity).value == infinity);
  CHECK(at_point<TestType>(apply_gelu, infinity).slope == 1);
  CHECK(at_point<TestType>(apply_gelu, -infinity).value == 0);
  CHECK(std::signbit(at_point<TestType>(apply_gelu, -infinity).value));
  CHECK(at_point<TestType>(apply_gelu, -infinity).slope == 0);
  // 1 + erf would cancel here. (A float has the vectorised erfc.)
  const Point far = at_point<TestType>(apply_gelu, -5, 1e-5);
  CHECK(far.value == Approx(-5 * normal_distribution(-5)).epsilon(1e-5));
  CHECK(far.slope == Approx(normal_distribution(-5) - 5 * normal_density(5)).epsilon(1e-5));
}

TEMPLATE_TEST_CASE("activations keep NaN", "", float, double) {
  CHECK(std::isnan(at_point<TestType>(apply_sigmoid, not_a_number).value));
  CHECK(std::isnan(at_point<TestType>(apply_sigmoid, not_a_number).slope));
  CHECK(std::isnan(at_point<TestType>(apply_tanh, not_a_number).value));
  CHECK(std::isnan(at_point<TestType>(apply_tanh, not_a_number).slope));
  CHECK(std::isnan(at_point<TestType>(apply_relu, not_a_number).value));
  CHECK(std::isnan(at_point<TestType>(apply_leaky_relu, not_a_number).value));
  CHECK(std::isnan(at_point<TestType>(apply_softplus, not_a_number).value));
  CHECK(std::isnan(at_point<TestType>(apply_softplus, not_a_number).slope));
  CHECK(std::isnan(at_point<TestType>(apply_gelu, not_a_number).value));
  CHECK(std::isnan(at_point<TestType>(apply_gelu, not_a_number).slope));
}
