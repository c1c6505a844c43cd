#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include "autograd/ops/ops.hpp"
#include "nn/layers/activations.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/numbers.hpp"

// Activations and their first two derivatives, where careless formulas give NaN or the wrong sign.

using namespace xtape;

namespace {

/// A value and two derivatives.
struct Jet {
  double value, slope, curvature;
};

/// Computes f, f' forward, f' in reverse and f'' at x, and checks them in a register and in a tail.
template <class T, class F>
void check_at(double x, F f, Jet expected) {
  Tape<Dual<T>> tape;
  const auto v = tape.variable(Array<Dual<T>>(Shape{37}, Dual<T>(static_cast<T>(x), T(1))));
  const Variable<Dual<T>> y = f(v);
  const Array<Dual<T>> ones(Shape{37}, Dual<T>(1));
  tape.backward(y, ones);
  const auto check = [&](const char* what, T computed, double wanted) {
    INFO(what << " at " << x << " in " << sizeof(T) << " bytes: " << computed << ", expected "
              << wanted);
    const double tolerance = 16 * static_cast<double>(std::numeric_limits<T>::epsilon());
    const auto number = static_cast<double>(computed);
    CHECK(((std::isnan(number) && std::isnan(wanted)) || number == wanted ||
           std::abs(number - wanted) <= tolerance * (1 + std::abs(wanted))));
  };
  for (const std::size_t i : {std::size_t{0}, std::size_t{36}}) {
    const Dual<T> value = y.value()(i), slope = v.grad()(i);
    check("value", value.value, expected.value);
    check("slope in reverse", slope.value, expected.slope);
    check("slope forward", value.tangent, expected.slope);
    check("curvature", slope.tangent, expected.curvature);
  }
}

template <class F, class Expected>
void check_everywhere(F f, Expected expected) {
  for (const double size : {1e-3, 0.5, 3.0, 40.0, 89.0, 800.0, infinity}) {
    for (const double x : {size, -size}) {
      check_at<float>(x, f, expected(static_cast<double>(static_cast<float>(x))));
      check_at<double>(x, f, expected(x));
    }
  }
}

double logistic_of(double x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}

Jet sigmoid_jet(double x) {
  const double s = logistic_of(x), slope = s * logistic_of(-x);
  return {s, slope, slope * (logistic_of(-x) - s)};
}
Jet tanh_jet(double x) {
  const double y = std::tanh(x);
  return {y, 1 - y * y, -2 * y * (1 - y * y)};
}
Jet softplus_jet(double x) {
  const double s = logistic_of(x);
  return {std::fmax(x, 0) + std::log1p(std::exp(-std::abs(x))), s, s * logistic_of(-x)};
}
Jet gelu_jet(double x) {
  if (std::isinf(x)) {
    return x > 0 ? Jet{infinity, 1, 0} : Jet{0, 0, 0};
  }
  const double density = std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi);
  const double below = std::erfc(-x / std::numbers::sqrt2) / 2;
  return {x * below, below + x * density, density * (2 - x * x)};
}
Jet elu_jet(double x) {
  return x > 0 ? Jet{x, 1, 0} : Jet{0.75 * std::expm1(x), 0.75 * std::exp(x), 0.75 * std::exp(x)};
}

Jet silu_jet(double x) {
  const double s = logistic_of(x), slope = s * logistic_of(-x);
  return {x * s, s + x * slope, slope * (2 + x * (logistic_of(-x) - s))};
}
/// ln of the sigmoid.
Jet log_sigmoid_jet(double x) {
  const double s = logistic_of(-x);
  return {std::fmin(x, 0) - std::log1p(std::exp(-std::abs(x))), s, -s * logistic_of(x)};
}

/// Returns the first column of f of the logits (x, 0), which is sigmoid for softmax.
template <class T, class F>
Variable<T> of_two_logits(Variable<T> x, F f) {
  const auto column = unsqueeze(x, 1);
  return squeeze(slice(f(concatenate(column, 0 * x.tape().constant(column.value()), 1)), 0, 1, 1),
                 1);
}

}  // namespace

TEST_CASE("sigmoid, tanh, softplus and gelu have two derivatives at numbers of any size") {
  check_everywhere([](auto x) { return sigmoid(x); }, sigmoid_jet);
  check_everywhere([](auto x) { return tanh(x); }, tanh_jet);
  check_everywhere([](auto x) { return softplus(x); }, softplus_jet);
  check_everywhere([](auto x) { return gelu(x); }, gelu_jet);
}

TEST_CASE("x sigmoid(x) and the softmaxes have two derivatives at numbers of any finite size") {
  const auto check_finite = [](auto f, Jet (*expected)(double)) {
    for (const double size : {0.0, 1e-3, 0.5, 3.0, 40.0, 89.0, 800.0}) {
      for (const double x : {size, -size}) {
        check_at<float>(x, f, expected(static_cast<double>(static_cast<float>(x))));
        check_at<double>(x, f, expected(x));
      }
    }
  };
  check_finite([](auto x) { return nn::SiLU()(x); }, silu_jet);
  check_finite([](auto x) { return of_two_logits(x, [](auto z) { return softmax(z); }); },
               sigmoid_jet);
  check_finite([](auto x) { return of_two_logits(x, [](auto z) { return log_softmax(z); }); },
               log_sigmoid_jet);
}

TEST_CASE("relu, leaky_relu and elu have two derivatives at numbers of any size") {
  check_everywhere([](auto x) { return relu(x); },
                   [](double x) {
                     return x > 0 ? Jet{x, 1, 0} : Jet{0, 0, 0};
                   });
  check_everywhere([](auto x) { return leaky_relu(x, 0.25); },
                   [](double x) {
                     return x > 0 ? Jet{x, 1, 0} : Jet{x / 4, 0.25, 0};
                   });
  check_everywhere([](auto x) { return elu(x, 0.75); }, elu_jet);
}

TEMPLATE_TEST_CASE("Activations have two derivatives at 0", "", float, double) {
  using T = TestType;
  for (const double zero : {0.0, -0.0}) {
    check_at<T>(zero, [](auto x) { return sigmoid(x); }, {0.5, 0.25, 0});
    check_at<T>(zero, [](auto x) { return tanh(x); }, {0, 1, 0});
    check_at<T>(zero, [](auto x) { return softplus(x); }, {std::numbers::ln2, 0.5, 0.25});
    const double density = 1 / std::sqrt(2 * std::numbers::pi);
    check_at<T>(zero, [](auto x) { return gelu(x); }, {0, 0.5, 2 * density});
    check_at<T>(zero, [](auto x) { return elu(x, 0.75); }, {0, 0.75, 0.75});
    check_at<T>(zero, [](auto x) { return relu(x); }, {0, 0, 0});
    check_at<T>(zero, [](auto x) { return leaky_relu(x, 0.25); }, {0, 0.25, 0});
  }
}

TEMPLATE_TEST_CASE("Activations of NaN are NaN, and so are their derivatives", "", float, double) {
  using T = TestType;
  const Jet nan{not_a_number, not_a_number, not_a_number};
  check_at<T>(
      not_a_number, [](auto x) { return sigmoid(x); }, nan);
  check_at<T>(
      not_a_number, [](auto x) { return tanh(x); }, nan);
  check_at<T>(
      not_a_number, [](auto x) { return softplus(x); }, nan);
  check_at<T>(
      not_a_number, [](auto x) { return gelu(x); }, nan);
  check_at<T>(
      not_a_number, [](auto x) { return nn::SiLU()(x); }, nan);
  // A slope of one side that does not depend on the number.
  check_at<T>(not_a_number, [](auto x) { return relu(x); }, {not_a_number, 0, 0});
  check_at<T>(not_a_number, [](auto x) { return leaky_relu(x, 0.25); }, {not_a_number, 0.25, 0});
  check_at<T>(not_a_number, [](auto x) { return elu(x, 0.75); }, {not_a_number, 1, 0});
}
