#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "autograd/check/gradcheck.hpp"
#include "autograd/ops/ops.hpp"
#include "autograd/record.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/linear.hpp"
#include "nn/sequential.hpp"
#include "tensor/elementwise.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/operands.hpp"

/// gradcheck near and at kinks.

using namespace xtape;

namespace {

using V = Variable<double>;

/// Returns x, with a gradient of `factor` times the right one, plus `more` for element `place`.
V spoilt(V x, std::size_t place, double factor, double more = 0) {
  return record("spoilt", {x}, x.value() * 1.0, [=](V y) {
    accumulate(x, y.grad());
    accumulate(
        x, [=](Array<double>& dx, double) { dx.data()[place] = factor * dx.data()[place] + more; });
  });
}

/// Returns max(x, 0), by the op that takes the maximum along an axis.
V max_with_zero(V x) {
  const V row = reshape(x, {1, -1});
  return max(concatenate({row, x.tape().constant(Array<double>(row.shape(), 0.))}), 0);
}

/// Returns 1 where x > 0, else 0. A jump still has a derivative on both sides.
V step(V x) {
  const auto positive = [](double element) { return element > 0 ? 1. : 0.; };
  return record("step", {x}, elementwise(positive, x.value()),
                [=](V y) { accumulate(x, y.grad() * 0.0); });
}

/// A function with a kink at 0, and its slopes on both sides.
struct Kink {
  const char* name;
  V (*f)(V);
  double left, right;
};

const Kink kinks[] = {
    {"relu", [](V x) { return relu(x); }, 0, 1},
    {"leaky_relu", [](V x) { return leaky_relu(x, 0.25); }, 0.25, 1},
    {"abs", [](V x) { return abs(x); }, -1, 1},
    {"max", max_with_zero, 0, 1},
};

/// Distances of kinks. Some are smaller than the step h = 6e-6.
constexpr double distances[] = {1e-10, 1e-9, 1e-8, 6e-7, 1e-6, 2e-6, 3.1e-6, 5.9e-6, 7e-6, 1e-3};

/// Returns eight elements. Number 3 is x, and the others are away from 0.
constexpr std::size_t near = 3;
Array<double> elements_with(double x) { return array_of<double>({-3, -2, -1, x, 1, 2, 3, 4}); }

/// Returns the sum of f over elements_with(x), with a wrong gradient for x. The sum is not small,
/// so differences are rounded.
GradcheckResult check_spoilt(V (*f)(V), double x, double factor, double more = 0) {
  return gradcheck([=](V v) { return sum(f(spoilt(v, near, factor, more))) + 5; },
                   {elements_with(x)});
}

}  // namespace

TEST_CASE("gradcheck passes right gradients beside a kink") {
  for (const Kink& kink : kinks) {
    for (const double distance : distances) {
      for (const double x : {-distance, distance}) {
        CAPTURE(kink.name, x);
        const auto result = check_spoilt(kink.f, x, 1);
        CHECK(result);
        CHECK(result.compared == 8);
        const double slope = x < 0 ? kink.left : kink.right;
        if (slope != 0 && distance > 1e-10) {  // a slope of 0 allows no much smaller step
          CHECK(result.at_kinks == 0);
        }
        const auto weighted = gradcheck(kink.f, {elements_with(x)});
        CHECK(weighted);
      }
    }
  }
}

TEST_CASE("gradcheck refuses wrong gradients beside a kink") {
  for (const Kink& kink : kinks) {
    for (const double distance : distances) {
      for (const double x : {-distance, distance}) {
        const double slope = x < 0 ? kink.left : kink.right;
        const double other = x < 0 ? kink.right : kink.left;
        for (const double wrong : {1.01 * slope, 0.99 * slope, -slope, 3 * slope, slope / 2, other,
                                   (slope + other) / 2, slope + 0.01, slope - 0.01, 1e9, -1e-3}) {
          if (wrong == slope) {
            continue;
          }
          CAPTURE(kink.name, x, wrong);
          const auto result = check_spoilt(kink.f, x, 0, wrong);
          CHECK(result.failed == 1);
          CHECK_FALSE(result);
          REQUIRE(result.failures.size() == 1);
          CHECK(result.failures[0].index == Shape{near});
          CHECK(result.failures[0].analytic == wrong);
        }
      }
    }
  }
}

TEST_CASE("gradcheck passes any slope between the two sides of a kink, and counts it") {
  for (const Kink& kink : kinks) {
    const double rise = kink.right - kink.left;
    for (const double part : {0.0, 0.25, 0.4, 0.75, 1.0}) {
      CAPTURE(kink.name, part);
      const auto result = check_spoilt(kink.f, 0, 0, kink.left + part * rise);
      CHECK(result);
      CHECK(result.at_kinks == 1);
      CHECK(result.unproved.empty());
    }
    for (const double part : {-2.0, -1.0, -0.01, 1.01, 2.0}) {
      CAPTURE(kink.name, part);
      const auto result = check_spoilt(kink.f, 0, 0, kink.left + part * rise);
      CHECK(result.failed == 1);
      CHECK(result.at_kinks == 0);
    }
  }
}

TEST_CASE("gradcheck fails when too many elements are at kinks") {
  // relu has the slope from the left, which passes but says nothing about the slope from the right.
  const auto check = [](std::size_t count) {
    Array<double> x(Shape{8}, 1.);
    std::fill_n(x.data(), count, 0.);
    return gradcheck([](V v, V w) { return relu(v) * w; }, {x, Array<double>(Shape{8}, 2.)});
  };
  CHECK(check(0).at_kinks == 0);
  CHECK(check(2));
  CHECK(check(2).at_kinks == 2);
  CHECK(to_string(check(2)).starts_with("gradcheck: passed: 16 elements compared, 2 at kinks, "));
  const auto result = check(3);
  CHECK_FALSE(result);
  CHECK(result.failed == 0);
  CHECK(result.at_kinks == 3);
  CHECK(result.unproved == std::vector<std::size_t>{0});
  CHECK(to_string(result) ==
        "gradcheck: 0 of 16 elements differ\n"
        "  input 0: more than a quarter of its elements are at kinks or undecided");
  CHECK_FALSE(gradcheck([](V v) { return relu(v); }, {Array<double>(Shape{}, 0.)}));
}

TEST_CASE("gradcheck finds its way between kinks on both sides") {
  // Slopes -1, 0.5 and 3, with kinks at -1e-7 and 2e-7.
  const auto f = [](V x) { return 0.5 * x + 1.5 * relu(-(x + 1e-7)) + 2.5 * relu(x - 2e-7); };
  const auto check = [&](double x, double gradient) {
    return gradcheck([=](V v) { return sum(f(spoilt(v, near, 0, gradient))) + 5; },
                     {elements_with(x)});
  };
  for (const double x : {0.0, -9e-8, 5e-8, 1.9e-7}) {
    CAPTURE(x);
    CHECK(check(x, 0.5));
    for (const double wrong : {0.505, 0.495, -0.5, -1.0, 3.0, 1.0, 0.0}) {
      CAPTURE(wrong);
      CHECK(check(x, wrong).failed == 1);
    }
  }
}

TEST_CASE("gradcheck takes a jump for a kink") {
  for (const double x : {0.0, 1e-9, -1e-9, 3e-6, -3e-6}) {
    CAPTURE(x);
    CHECK(check_spoilt(step, x, 0));
    CHECK(check_spoilt(step, x, 0, 0.01).failed == 1);
    CHECK(check_spoilt(step, x, 0, -0.01).failed == 1);
  }
}

TEST_CASE("gradcheck excuses no error that a kink does not explain") {
  // A kink whose slopes differ by 2e-7, and an error of 1e-5.
  const auto f = [](V x) { return x + 1e-7 * abs(x); };
  for (const double x : {0.0, 1e-7, 3e-6}) {
    CAPTURE(x);
    CHECK(gradcheck([&](V v) { return sum(f(v)); }, {elements_with(x)}));
    CHECK(gradcheck([&](V v) { return sum(f(spoilt(v, near, 1, 1e-5))); }, {elements_with(x)})
              .failed == 1);
  }
  // Curvature is not a kink: correct gradients with coarse steps still fail.
  const auto coarse =
      gradcheck([](V v) { return sum(pow(v, 5.)); }, {elements_with(1.5)}, {.step = 1e-2});
  CHECK(coarse.failed == 8);
}

TEST_CASE("gradcheck fails at NaN beside a kink") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double x : {0.0, 1e-6}) {
    CHECK(check_spoilt([](V v) { return relu(v); }, x, 0, nan).failed == 1);
    CHECK(check_spoilt([](V v) { return relu(v); }, x, 0, std::numeric_limits<double>::infinity())
              .failed == 1);
  }
  CHECK(gradcheck([](V v) { return sqrt(relu(v)) / v; }, {array_of<double>({0})}).failed == 1);
}

TEST_CASE("gradcheck refuses no right gradient of a network of rectifiers") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    Rng rng{seed};
    nn::Sequential<double> model{nn::Linear<double>(32, 64, rng), nn::ReLU{},
                                 nn::Linear<double>(64, 64, rng), nn::ReLU{},
                                 nn::Linear<double>(64, 10, rng)};
    Array<double> x(Shape{64, 32});
    rng.fill_uniform(std::span<double>(x.storage()), 0, 1);
    std::vector<std::size_t> labels(64);
    for (std::size_t& label : labels) {
      label = rng.below(10);
    }
    std::vector<Array<double>*> parameters;
    nn::for_each_parameter(model, [&](const nn::ParameterName&, Array<double>& parameter) {
      parameters.push_back(&parameter);
    });
    const auto loss = [&](Tape<double>& tape) {
      return softmax_cross_entropy(model(tape.constant(x)), labels);
    };
    const auto result = gradcheck(loss, parameters, {.max_elements = 60, .seed = seed});
    INFO(result);
    CHECK(result);
  }
}

TEST_CASE(
    "gradcheck decides most of a deep network of rectifiers, and refuses what is wrong there") {
  constexpr std::size_t width = 32, layers = 24;
  for (const std::uint64_t seed : {1UL, 2UL}) {
    for (const std::size_t wrong_layer : {1UL, 12UL, 22UL}) {
      CAPTURE(seed, wrong_layer);
      Rng rng{seed};
      std::vector<nn::Linear<double>> net;
      for (std::size_t i = 0; i < layers; ++i) {
        net.emplace_back(width, i + 1 < layers ? width : 10, rng);
      }
      Array<double> x(Shape{64, width});
      rng.fill_uniform(std::span<double>(x.storage()), 0, 1);
      const std::vector<std::size_t> labels(64, 3);
      Array<double>& bias = net[wrong_layer].bias;
      const auto check = [&](double factor) {
        const auto loss = [&](Tape<double>& tape) {
          V y = tape.constant(x);
          for (std::size_t i = 0; i < layers; ++i) {
            V b = tape.parameter(net[i].bias);
            if (i == wrong_layer) {
              b = record("scaled", {b}, b.value() * 1.0,
                         [=, a = b](V to) { accumulate(a, to.grad() * factor); });
            }
            y = linear(i > 0 ? relu(y) : y, tape.parameter(net[i].weight), b);
          }
          return softmax_cross_entropy(y, labels);
        };
        return gradcheck(loss, {&bias});
      };
      const auto right = check(1), wrong = check(1.01);
      INFO(right << "; " << wrong);
      CHECK(right.failed == 0);
      CHECK(right.undecided <= width / 4);
      CHECK(wrong.failed >= width / 4);
      CHECK(check(0).failed >= width / 4);
    }
  }
}

TEST_CASE("gradcheck counts what it cannot decide, and fails if that is much") {
  // A saw with teeth everywhere: no difference settles, and its slopes are 1 and -1.
  const auto saw = [](V x, double slope) {
    const auto tooth = [](double element) {
      double height = 0;
      for (double size = 1e-4; size > 1e-12; size /= 7) {
        height += std::abs(std::remainder(element, size));
      }
      return height;
    };
    return record("saw", {x}, elementwise(tooth, x.value()),
                  [=](V y) { accumulate(x, y.grad() * slope); });
  };
  Array<double> x(Shape{8}, 0.3), z(Shape{8}, 2.);
  const auto check = [&](double slope) {
    return gradcheck([&](V v, V w) { return sum(saw(v, slope)) + sum(w * w); }, {x, z});
  };
  const auto result = check(0.5);
  INFO(result);
  CHECK(result.failed == 0);
  CHECK(result.undecided == 8);
  CHECK(result.unproved == std::vector<std::size_t>{0});
  CHECK_FALSE(result);
  CHECK(to_string(result) ==
        "gradcheck: 0 of 16 elements differ\n"
        "  input 0: more than a quarter of its elements are at kinks or undecided");
  for (const double far : {100., -100., 1e9, std::numeric_limits<double>::infinity(),
                           std::numeric_limits<double>::quiet_NaN()}) {
    CAPTURE(far);
    CHECK(check(far).failed == 8);
    CHECK(check(far).undecided == 0);
  }
}
