// Dual numbers of Dual numbers: second derivatives within a loss. The build needs the option.
#ifdef XTAPE_NESTED_DUALS

#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <vector>

#include "autograd/derivatives.hpp"
#include "autograd/ops/ops.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

using namespace xtape;

namespace {

using Nested = Dual<Dual<double>>;

/// A number with two directions, in parts.
struct Parts {
  double value, inner, outer, both;
};
Parts parts_of(const Nested& x) {
  return {x.value.value, x.value.tangent, x.tangent.value, x.tangent.tangent};
}

/// The gradient of sum(f(x)) on a nested tape, where x moves along ones in both directions: the
/// parts are f', f'', f'' and f'''.
template <class F>
std::vector<Parts> derivatives_of(F f, const Array<double>& x) {
  Tape<Nested> tape;
  const auto at = tape.variable(x);
  tape.seed(at, Array<double>(x.shape(), 1.0));
  tape.backward(sum(f(at)));
  std::vector<Parts> all;
  for (std::size_t i = 0; i < x.size(); ++i) {
    all.push_back(parts_of(at.grad().data()[i]));
  }
  return all;
}

/// Checks f''' at some points, also past the end of a register, f' against a tape of doubles, bit
/// for bit, and f'' against a tape of Dual numbers.
template <class F>
void check_third(const char* name, F f, double (*third)(double), double from, double to) {
  INFO(name);
  Array<double> x(Shape{19});
  for (std::size_t i = 0; i < x.size(); ++i) {
    x.data()[i] = from + (to - from) * static_cast<double>(i) / 18;
  }
  const std::vector<Parts> found = derivatives_of(f, x);
  const auto total = [&](auto v) { return sum(f(v)); };
  const Array<double> slope = grad(total, x), second = hvp(total, x, Array<double>(Shape{19}, 1.0));
  for (std::size_t i = 0; i < x.size(); ++i) {
    INFO("at " << x(i));
    CHECK(found[i].value == slope(i));
    CHECK(found[i].inner == Approx(second(i)).epsilon(1e-13).margin(1e-14));
    CHECK(found[i].outer == Approx(second(i)).epsilon(1e-13).margin(1e-14));
    CHECK(found[i].both == Approx(third(x(i))).epsilon(1e-9).margin(1e-11));
  }
}

double logistic_of(double x) { return 1 / (1 + std::exp(-x)); }
double density(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi); }

}  // namespace

TEST_CASE("Nested numbers carry third derivatives through exponentials and logarithms") {
  check_third(
      "exp", [](auto x) { return exp(x); }, [](double x) { return std::exp(x); }, -3, 3);
  check_third(
      "expm1", [](auto x) { return expm1(x); }, [](double x) { return std::exp(x); }, -3, 3);
  check_third(
      "log", [](auto x) { return log(x); }, [](double x) { return 2 / (x * x * x); }, 0.3, 4);
  check_third(
      "log1p", [](auto x) { return log1p(x); }, [](double x) { return 2 / std::pow(1 + x, 3); },
      -0.5, 3);
  check_third(
      "sqrt", [](auto x) { return sqrt(x); }, [](double x) { return 0.375 * std::pow(x, -2.5); },
      0.4, 5);
  check_third(
      "pow", [](auto x) { return pow(x, 3.5); },
      [](double x) { return 3.5 * 2.5 * 1.5 * std::sqrt(x); }, 0.3, 3);
  check_third(
      "2^x", [](auto x) { return pow(exp(x * 0.0) * 2.0, x); },
      [](double x) { return std::pow(std::numbers::ln2, 3) * std::exp2(x); }, -2, 2);
}

TEST_CASE("Nested numbers carry third derivatives through trigonometric functions") {
  check_third(
      "sin", [](auto x) { return sin(x); }, [](double x) { return -std::cos(x); }, -3, 3);
  check_third(
      "cos", [](auto x) { return cos(x); }, [](double x) { return std::sin(x); }, -3, 3);
  check_third(
      "tan", [](auto x) { return tan(x); },
      [](double x) {
        const double t = std::tan(x) * std::tan(x);
        return 2 + 8 * t + 6 * t * t;
      },
      -1.2, 1.2);
  check_third(
      "sinh", [](auto x) { return sinh(x); }, [](double x) { return std::cosh(x); }, -2, 2);
  check_third(
      "cosh", [](auto x) { return cosh(x); }, [](double x) { return std::sinh(x); }, -2, 2);
  check_third(
      "atan2", [](auto x) { return atan2(x, x * 0.0 + 2.0); },
      [](double x) { return (12 * x * x - 16) / std::pow(x * x + 4, 3); }, -3, 3);
}

TEST_CASE("Nested numbers carry third derivatives through activations") {
  check_third(
      "tanh", [](auto x) { return tanh(x); },
      [](double x) {
        const double t = std::tanh(x) * std::tanh(x);
        return -2 + 8 * t - 6 * t * t;
      },
      -3, 3);
  check_third(
      "sigmoid", [](auto x) { return sigmoid(x); },
      [](double x) {
        const double s = logistic_of(x);
        return s * (1 - s) * (1 - 6 * s + 6 * s * s);
      },
      -5, 5);
  check_third(
      "softplus", [](auto x) { return softplus(x); },
      [](double x) {
        const double s = logistic_of(x);
        return s * (1 - s) * (1 - 2 * s);
      },
      -5, 5.1);
  check_third(
      "gelu", [](auto x) { return gelu(x); },
      [](double x) { return density(x) * (x * x * x - 4 * x); }, -4, 4);
  check_third(
      "erf", [](auto x) { return erf(x); },
      [](double x) { return 2 * std::numbers::inv_sqrtpi * std::exp(-x * x) * (4 * x * x - 2); },
      -2, 2);
  check_third(
      "elu", [](auto x) { return elu(x, 1.5); },
      [](double x) { return x <= 0 ? 1.5 * std::exp(x) : 0; }, -3, 3.1);
  check_third(
      "relu", [](auto x) { return relu(x) * x * x; }, [](double x) { return x > 0 ? 6.0 : 0; }, -3,
      3.1);
}

TEST_CASE("Nested numbers carry third derivatives through arithmetic") {
  check_third(
      "*", [](auto x) { return x * x * x; }, [](double) { return 6.0; }, -3, 3);
  check_third(
      "/", [](auto x) { return 1 / x; }, [](double x) { return -6 / std::pow(x, 4); }, 0.4, 3);
  check_third(
      "a / b", [](auto x) { return (x + 1) / (x * x); },
      [](double x) { return -6 / std::pow(x, 4) - 24 / std::pow(x, 5); }, 0.5, 3);
  check_third(
      "- and square", [](auto x) { return 2 - square(x) * x - 3; }, [](double) { return -6.0; }, -3,
      3);
  check_third(
      "abs", [](auto x) { return abs(x) * x * x; }, [](double x) { return x > 0 ? 6.0 : -6.0; }, -3,
      3.1);
  check_third(
      "maximum", [](auto x) { return maximum(x, 0.5) * x * x; },
      [](double x) { return x > 0.5 ? 6.0 : 0.0; }, -3, 3.1);
}

TEST_CASE("No nested derivative of an activation is NaN, however large its operand") {
  constexpr double inf = std::numeric_limits<double>::infinity();
  const Array<double> x{-800, -89, -40, 0, 40, 89, 800, inf};
  const auto check = [&](const char* name, auto f) {
    INFO(name);
    const std::vector<Parts> found = derivatives_of(f, x);
    for (std::size_t i = 0; i < x.size(); ++i) {
      INFO("at " << x(i));
      const Parts& parts = found[i];
      CHECK_FALSE((std::isnan(parts.value) || std::isnan(parts.outer) || std::isnan(parts.both)));
    }
  };
  check("sigmoid", [](auto v) { return sigmoid(v); });
  check("tanh", [](auto v) { return tanh(v); });
  check("softplus", [](auto v) { return softplus(v); });
  CHECK(derivatives_of([](auto v) { return softplus(v); }, Array<double>{0})[0].outer == 0.25);
}

namespace {

/// Checks the third derivative of a function of arrays along a direction against differences of
/// Hessian-vector products.
template <class F>
void check_against_differences(const char* name, F f, const Array<double>& x) {
  INFO(name);
  Rng rng(5);
  const Array<double> v = random_normal<double>(x.shape(), rng);
  const auto curved = [&](auto at) {
    const auto y = f(at);
    return sum(y * y * y * 0.1 + sin(y));
  };
  Tape<Nested> tape;
  const auto at = tape.variable(x);
  tape.seed(at, v);
  const auto y = curved(at);
  tape.backward(y);
  Tape<double> plain;
  const auto plain_x = plain.variable(x);
  const auto plain_y = curved(plain_x);
  plain.backward(plain_y);
  CHECK(value_of(y.item()) == Approx(plain_y.item()).epsilon(1e-13).margin(1e-12));
  constexpr double step = 1e-5;
  const Array<double> in_front = x + step * v, in_back = x - step * v;
  const Array<double> ahead = hvp(curved, in_front, v), behind = hvp(curved, in_back, v);
  const Array<double> second = hvp(curved, x, v);
  for (std::size_t i = 0; i < x.size(); ++i) {
    INFO("element " << i);
    const Parts found = parts_of(at.grad().data()[i]);
    const double third = (ahead.data()[i] - behind.data()[i]) / (2 * step);
    CHECK(found.value == Approx(plain_x.grad().data()[i]).epsilon(1e-12).margin(1e-13));
    CHECK(found.inner == Approx(second.data()[i]).epsilon(1e-11).margin(1e-11));
    CHECK(found.outer == Approx(second.data()[i]).epsilon(1e-11).margin(1e-11));
    CHECK(found.both == Approx(third).epsilon(1e-5).margin(1e-6));
  }
}

}  // namespace

TEST_CASE("Nested numbers carry third derivatives through products and sums") {
  Rng rng(1);
  const Array<double> x = random_normal<double>(Shape{3, 4}, rng);
  const Array<double> w = random_normal<double>(Shape{4, 2}, rng);
  const auto check = [&](const char* name, auto f) { check_against_differences(name, f, x); };
  check("matmul", [&](auto v) { return matmul(v, v.tape().constant(w)); });
  check("x x^T", [](auto v) { return matmul(v, transpose(v)); });
  check("batches", [](auto v) {
    return matmul(reshape(v, {3, 2, 2}), transpose(reshape(v, {3, 2, 2})));
  });
  check("linear",
        [](auto v) { return linear(v, slice(transpose(v), 0, 4), slice(sum(v, 1), 0, 3)); });
  check("einsum", [](auto v) { return einsum("ij,kj->ik", v, v); });
  check("broadcasting", [](auto v) { return v * select(v, 0) + sum(v, 1, true); });
  check("mean", [](auto v) { return mean(v * v, 0); });
  check("max", [](auto v) { return max(v, 1) * min(v, 1); });
  check("prod", [](auto v) { return prod(v, 1); });
  check("var", [](auto v) { return var(v, 0); });
  check("norm", [](auto v) { return norm(v, 1); });
  check("cumsum", [](auto v) { return cumsum(v * v, 1); });
  check("logsumexp", [](auto v) { return logsumexp(v, 1); });
  check("logsumexp of rows", [](auto v) { return logsumexp(v, 0); });
}

TEST_CASE("Nested numbers carry third derivatives through shapes and losses") {
  Rng rng(2);
  const Array<double> x = random_normal<double>(Shape{3, 4}, rng);
  const std::vector<int> labels{1, 0, 3}, places{2, 0, 2};
  const auto check = [&](const char* name, auto f) { check_against_differences(name, f, x); };
  check("softmax", [](auto v) { return softmax(v); });
  check("log_softmax", [](auto v) { return log_softmax(v); });
  check("softmax_cross_entropy", [&](auto v) { return softmax_cross_entropy(v, labels); });
  check("cross-entropy of targets",
        [](auto v) { return softmax_cross_entropy(v, softmax(flip(v, 0))); });
  check("sigmoid_cross_entropy", [](auto v) { return sigmoid_cross_entropy(v, sigmoid(v)); });
  check("mse", [](auto v) { return mse(v, exp(v)); });
  check("huber", [](auto v) { return huber(v, flip(v, 1)); });
  check("gather", [&](auto v) { return gather(v * v, places); });
  check("concatenate", [](auto v) { return xtape::concatenate({v, v * v}, 1); });
  check("slice", [](auto v) { return slice(permute(v, {1, 0}), 1, 3) * 2; });
  check("tril", [](auto v) { return tril(v * v); });
  check("where", [](auto v) { return where(v > 0, v * v, sin(v)); });
}

TEST_CASE("Nested numbers carry third derivatives through images and normalisations") {
  Rng rng(3);
  const Array<double> x = random_normal<double>(Shape{2, 4, 4, 2}, rng);
  const Array<double> w = random_normal<double>(Shape{3, 3, 2, 2}, rng);
  const auto check = [&](const char* name, auto f) { check_against_differences(name, f, x); };
  check("conv2d", [&](auto v) { return conv2d(v, v.tape().constant(w), {.padding = 1}); });
  check("conv2d of itself", [](auto v) {
    return conv2d(v, slice(reshape(v, {4, 4, 2, 2}), 0, 2));
  });
  check("max_pool2d", [](auto v) { return max_pool2d(v, 2); });
  check("avg_pool2d", [](auto v) { return avg_pool2d(v * v, 2); });
  check("upsample2d", [](auto v) { return upsample2d(v, 2, Upsampling::bilinear); });
  check("layer_norm", [](auto v) { return layer_norm(v); });
  check("batch_norm", [](auto v) { return batch_norm(v, select(select(select(v, 0), 0), 0)); });
  check("group_norm", [](auto v) { return group_norm(v, 2); });
}

TEST_CASE("Norms of nested numbers take empty arrays") {
  Tape<Nested> tape;
  const auto norm = layer_norm(tape.constant(Array<Nested>(Shape{0, 4})));
  CHECK(same_shape(norm.shape(), {0, 4}));
  const auto groups = group_norm(tape.constant(Array<Nested>(Shape{0, 5, 4})), 2);
  CHECK(same_shape(groups.shape(), {0, 5, 4}));
}

#endif
