#include "autograd/ops/math.hpp"

#include <cmath>

#include "tests/support/evaluate.hpp"

// Special values where these ops and PyTorch differ; tests/ops/math_rows.cpp has all others.

using namespace xtape;

TEMPLATE_TEST_CASE("abs keeps NaN, and so does its gradient", "", float, double) {
  const Point point = at_point<TestType>([](auto x) { return abs(x); }, not_a_number);
  CHECK(std::isnan(point.value));
  CHECK(std::isnan(point.slope));
}
