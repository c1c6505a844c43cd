#include "tests/ops/rows.hpp"

/// The rows of activation functions.

namespace xtape {

// clang-format off

std::vector<Row> activation_rows() {
  return {
      EACH("sigmoid", sigmoid(x), 1 / (1 + std::exp(-a)), y * (1 - y), "torch.sigmoid(x)", "")
          .extremes(near_zero({1, -1, 5, -5, -17, -37, -300, -700, -708, -750, -1000, -huge, -inf, nan}))
          // Beyond 17 on the right 1 - y cancels in the gradient that either computes.
          .numbers_together({array_of<double>({17, 30, 36, 37, 40, 700, 1000, huge, inf})}),
      EACH("tanh", tanh(x), std::tanh(a), 1 - y * y, "torch.tanh(x)", "np.tanh(x)")
          .extremes(near_zero({tiny, -tiny, 0.1, 0.5, 1, -1, 3, -3, nan}))
          .numbers_together({array_of<double>({5, -5, 10, -17, 19, -19, 20, 350, -800, inf, -inf})}),
      // At 0 both take the slope 0.
      EACH("relu", relu(x), a > 0 ? a : 0, a > 0 ? 1 : 0, "torch.relu(x)", "np.maximum(x, 0)")
          .on({around_0})
          .extremes(near_zero({tiny, -tiny, 1, -1, 5, -5, 17, -17, huge, -huge, inf, -inf})),
      // At 0 both take the slope of the negative side.
      EACH("leaky_relu", leaky_relu(x), a > 0 ? a : T(0.01) * a, a > 0 ? 1 : T(0.01), "F.leaky_relu(x)", "")
          .on({around_0})
          .extremes({0.0, 1e-20, -1e-20, huge, -huge, inf, -inf, nan}),
      EACH("leaky_relu", leaky_relu(x, 0.25), a > 0 ? a : T(0.25) * a, a > 0 ? 1 : T(0.25), "F.leaky_relu(x, 0.25)", "")
          .on({around_0})
          .extremes({0.0, 1e-20, -1e-20, huge, -huge, inf, -inf, nan}),
      EACH("leaky_relu", leaky_relu(x, -0.5), a > 0 ? a : T(-0.5) * a, a > 0 ? 1 : T(-0.5), "F.leaky_relu(x, -0.5)", "")
          .on({around_0}),
      // At 0 both take the slope of the negative side.
      EACH("elu", elu(x), a > 0 ? a : std::expm1(a), a > 0 ? 1 : std::exp(a), "F.elu(x)", "")
          .on({around_0})
          .extremes(near_zero({tiny, -tiny, 1, -1, -1e-3, -30, -40, -700, -1000, huge, -huge, inf, -inf, nan})),
      EACH("elu", elu(x, 0.25), a > 0 ? a : T(0.25) * std::expm1(a), a > 0 ? 1 : T(0.25) * std::exp(a), "F.elu(x, 0.25)", "")
          .on({around_0})
          .extremes(near_zero({1, -1, -1000, inf, -inf, nan})),
      EACH("softplus", softplus(x), std::max(a, T(0)) + std::log1p(std::exp(-std::abs(a))), 1 / (1 + std::exp(-a)),
           "F.softplus(x)", "np.logaddexp(x, 0)")
          .instead("torch.logaddexp(x, torch.zeros_like(x))", "F.softplus is the identity above 20, which is wrong by 2e-9 there")
          .extremes(near_zero({1, -1, 17, -17, 20, 21, 36, -36, 40, 300, -300, 700, -700, 1000, -1000, huge, -huge, -inf, nan})),
      EACH("gelu", gelu(x), a * std::erfc(-a / std::numbers::sqrt2_v<T>) / 2,
           std::erfc(-a / std::numbers::sqrt2_v<T>) / 2 + a * std::exp(-a * a / 2) * std::numbers::inv_sqrtpi_v<T> / std::numbers::sqrt2_v<T>,
           "F.gelu(x)", "")
          .instead("x * 0.5 * torch.special.erfc(-x * math.sqrt(0.5))", "F.gelu computes 1 + erf, which cancels for negative x")
          .extremes(near_zero({0.5, -0.5, 1, -1, 3, -3, 5, -5, -8, 8, 10, -10, 15, -15, 20, -20, -25, 30, -30, -35, -37, 40, 100, -100, nan})),
  };
}

// clang-format on

}  // namespace xtape
