#include "autograd/ops/activations.hpp"

#include <cmath>

#include "tests/support/evaluate.hpp"

// Special values where activations and PyTorch differ; tests/ops/activation_rows.cpp has all
// others.

using namespace xtape;

TEMPLATE_TEST_CASE("gelu is right at infinity, where its formula is NaN", "", float, double) {
  const auto apply = [](auto x) { return gelu(x); };
  CHECK(at_point<TestType>(apply, infinity).value == infinity);
  CHECK(at_point<TestType>(apply, infinity).slope == 1);
  CHECK(at_point<TestType>(apply, -infinity).value == 0);
  CHECK(std::signbit(at_point<TestType>(apply, -infinity).value));
  CHECK(at_point<TestType>(apply, -infinity).slope == 0);
  for (const double x : {1e4, 1e30}) {
    CHECK(at_point<TestType>(apply, x).value == static_cast<TestType>(x));
    CHECK(at_point<TestType>(apply, x).slope == 1);
    CHECK(at_point<TestType>(apply, -x).value == 0);
    CHECK(at_point<TestType>(apply, -x).slope == 0);
  }
}

TEMPLATE_TEST_CASE("relu keeps NaN, and softplus infinity", "", float, double) {
  CHECK(std::isnan(at_point<TestType>([](auto x) { return relu(x); }, not_a_number).value));
  CHECK(at_point<TestType>([](auto x) { return softplus(x); }, infinity).value == infinity);
}
