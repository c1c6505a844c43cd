#include "nn/initializers.hpp"

#include <algorithm>
#include <cmath>

#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;

namespace {

struct Moments {
  double mean = 0, variance = 0, least = 0, greatest = 0;
};

/// Draws a weight with a fan_in of 400 and a fan_out of 200.
template <class T, class Initializer>
Moments moments(const Initializer& initialize) {
  xtape::Rng rng{11};
  Array<T> weight(Shape{400, 200}, T(7));
  initialize(weight, rng);
  const auto all = elements(weight);
  const auto count = static_cast<double>(all.size());
  Moments result;
  for (const T element : all) {
    result.mean += static_cast<double>(element) / count;
  }
  for (const T element : all) {
    const double excess = static_cast<double>(element) - result.mean;
    result.variance += excess * excess / count;
  }
  const auto [least, greatest] = std::minmax_element(all.begin(), all.end());
  result.least = static_cast<double>(*least);
  result.greatest = static_cast<double>(*greatest);
  return result;
}

/// Five standard errors for 80,000 draws.
void check_normal(const Moments& drawn, double variance) {
  CHECK(std::abs(drawn.mean) < 5 * std::sqrt(variance / 80000));
  CHECK(drawn.variance == Approx(variance).epsilon(5 * std::sqrt(2.0 / 80000)));
  CHECK(drawn.greatest > 3.5 * std::sqrt(variance));
  CHECK(drawn.least < -3.5 * std::sqrt(variance));
}

void check_uniform(const Moments& drawn, double bound) {
  const double variance = bound * bound / 3;
  CHECK(std::abs(drawn.mean) < 5 * std::sqrt(variance / 80000));
  CHECK(drawn.variance == Approx(variance).epsilon(5 * std::sqrt(0.8 / 80000)));
  CHECK(drawn.greatest <= bound * (1 + 1e-7));
  CHECK(drawn.greatest > 0.999 * bound);
  CHECK(drawn.least >= -bound * (1 + 1e-7));
  CHECK(drawn.least < -0.999 * bound);
}

}  // namespace

TEMPLATE_TEST_CASE("Initializers draw from the distributions they promise", "[nn]", float, double) {
  check_normal(moments<TestType>(nn::Normal{}), 0.01 * 0.01);
  check_normal(moments<TestType>(nn::Normal{.deviation = 2}), 4);
  check_normal(moments<TestType>(nn::GlorotNormal{}), 2.0 / 600);
  check_normal(moments<TestType>(nn::HeNormal{}), 2.0 / 400);
  check_uniform(moments<TestType>(nn::GlorotUniform{}), std::sqrt(6.0 / 600));
  check_uniform(moments<TestType>(nn::HeUniform{}), std::sqrt(6.0 / 400));
}

TEST_CASE("Initializers repeat with the seed", "[nn]") {
  xtape::Rng rng{1}, same{1};
  Array<double> first(Shape{3, 4}), second(Shape{3, 4}), third(Shape{3, 4});
  nn::HeNormal{}(first, rng);
  nn::HeNormal{}(second, same);
  nn::HeNormal{}(third, rng);
  CHECK((first == second));
  CHECK_FALSE((first == third));
}
