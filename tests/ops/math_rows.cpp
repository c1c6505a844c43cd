#include "tests/ops/rows.hpp"

/// The rows of mathematical functions.

namespace xtape {

// clang-format off

std::vector<Row> math_rows() {
  const List powers{0, 1, -1, 1e-300, 1e150, inf, nan};
  const List bases{0, 0, 0, 0, 1, 2, 2, -2, -2, 1e-300, 1e150, 1e200, inf, inf, 0.5, 2, nan, 2, 3, -1.5};
  const List exponents{0, 1, 2.5, -1, 7, 0, -1.5, 2, 3, 0.5, 2, 2, 2, -1, inf, inf, 2, nan, 50, 0};
  return {
      EACH("exp", exp(x), std::exp(a), y, "torch.exp(x)", "np.exp(x)")
          .extremes(near_zero({1, -1, 50, -50, 700, -700, 709.4, -708, -708.39, 710, 1000, -746, -1000, inf, -inf, nan, 709.5, 709.78, -720, -745})),
      EACH("expm1", expm1(x), std::expm1(a), std::exp(a), "torch.expm1(x)", "np.expm1(x)")
          .instead("torch.where(x < -1, torch.exp(x.clamp(max=0)) - 1, torch.expm1(x))", "the gradient of torch.expm1 is y + 1, which cancels for negative x")
          .extremes(near_zero({tiny, small, normal, 1e-3, -1e-3, 0.5, -0.5, 1, -1, 50, -30, -40, 700, -700, 709.5, 710, -1000, huge, -huge, inf, -inf, nan})),
      EACH("log", log(x), std::log(a), 1 / a, "torch.log(x)", "np.log(x)")
          .on({above_0})
          .extremes({normal, 1e-307, 1e-300, 1e-20, 0.5, 0.9999999999, 1, 1.0000000001, 2, 1e20, 1e308, inf, 0, nan, tiny, small, 2e-308, -1}),
      EACH("log1p", log1p(x), std::log1p(a), 1 / (1 + a), "torch.log1p(x)", "np.log1p(x)")
          .on({above_0})
          .extremes(near_zero({tiny, -tiny, small, normal, 1e-3, -1e-3, -0.25, -0.5, -0.75, -0.9, -0.9999999999, -1, -1.0000000001, -2, -huge, 0.41, 1, 1e20, 1e308, inf, -inf, nan})),
      EACH("sqrt", sqrt(x), std::sqrt(a), 1 / (2 * y), "torch.sqrt(x)", "np.sqrt(x)")
          .on({above_0})
          .extremes({tiny, small, normal, 1e-300, 1, 1e300, inf, 0, nan, -1}),
      EACH("square", square(x), a * a, 2 * a, "torch.square(x)", "np.square(x)")
          .extremes(near_zero({1e-160, 1e154, -1e154, 1e200, inf, -inf, nan})),
      EACH("pow", pow(x, 3), a * a * a, 3 * a * a, "torch.pow(x, 3.0)", "np.power(x, 3)"),
      EACH("pow", pow(x, -1.5), 1 / (a * std::sqrt(a)), T(-1.5) * y / a, "torch.pow(x, -1.5)", "np.power(x, -1.5)").on({above_0}),
      EACH("pow", pow(x, 0.5), std::sqrt(a), 1 / (2 * y), "torch.pow(x, 0.5)", "np.power(x, 0.5)").on({above_0}).extremes(powers),
      EACH("pow", pow(x, 0), 1, 0, "torch.pow(x, 0.0)", "np.power(x, 0)").extremes(powers),
      EACH("pow", pow(x, 1), a, 1, "torch.pow(x, 1.0)", "np.power(x, 1)").extremes(powers),
      EACH("pow", pow(x, 2), a * a, 2 * a, "torch.pow(x, 2.0)", "np.power(x, 2)").extremes(powers),
      EACH("pow", pow(x, -1), 1 / a, -y * y, "torch.pow(x, -1.0)", "np.power(x, -1.0)").on({around_0}).extremes(powers),
      EACH("pow", pow(x, -2), 1 / (a * a), -2 * y / a, "torch.pow(x, -2.0)", "np.power(x, -2.0)").on({around_0}),
      EACH("pow", pow(x, 2.5), a * a * std::sqrt(a), T(2.5) * a * std::sqrt(a), "torch.pow(x, 2.5)", "np.power(x, 2.5)")
          .on({above_0})
          .extremes({0, 1e-100, 1e100, 1e123, inf, nan}),
      EACH("pow", pow(x, 50), std::pow(a, T(50)), 50 * std::pow(a, T(49)), "torch.pow(x, 50.0)", "np.power(x, 50)")
          .numbers_only()
          .extremes({0, 1.01, -1.5, 3, 1e5, -1e5, 1e7}),
      OP("pow (a, b)", pow(x, y), "torch.pow(x, y)", "np.power(x, y)", kind::broadcasting()).on({above_0, any})
          .extremes(bases, exponents),
      // At 0 both take the slope 0.
      EACH("abs", abs(x), std::abs(a), a > 0 ? 1 : -1, "torch.abs(x)", "np.abs(x)")
          .on({around_0})
          .extremes(near_zero({tiny, -tiny, huge, -huge, inf, -inf})),
      EACH("sign", sign(x), a > 0 ? 1 : a < 0 ? -1 : 0, 0, "torch.sign(x)", "np.sign(x)")
          .on({around_0})
          .instead("torch.where(x.isnan(), x.detach(), torch.sign(x))", "torch.sign of NaN is 0")
          .extremes(near_zero({tiny, -tiny, huge, -huge, inf, -inf, nan})),
      EACH("sin", sin(x), std::sin(a), std::cos(a), "torch.sin(x)", "np.sin(x)")
          .on({bounded})
          .extremes(near_zero({1, -1, 3, -3, 100, inf, nan})),
      EACH("cos", cos(x), std::cos(a), -std::sin(a), "torch.cos(x)", "np.cos(x)")
          .on({bounded})
          .extremes(near_zero({1, -1, 3, -3, 100, inf, nan})),
      EACH("tan", tan(x), std::tan(a), 1 + y * y, "torch.tan(x)", "np.tan(x)")
          .on({wholes})
          .extremes(near_zero({tiny, -tiny, 1, -1, 1.5, -1.5, 1.57, 3, 100, inf, -inf, nan})),
      OP("atan2", atan2(x, y), "torch.atan2(x, y)", "np.arctan2(x, y)", kind::broadcasting()).on({around_0, around_0})
          .extremes({1, -1, 1, -1, 0.0, -0.0, 0.0, 0.0, 1, -1, 1e-100, 1e100, 1e-8, inf, inf, -inf, 1, 1, nan, 1}, {2, 2, -2, -2, -1, -1, 0.0, -0.0, 0, 0, 1e-100, 1e100, 1e8, 1, inf, -inf, inf, -inf, 1, nan}),
      EACH("sinh", sinh(x), std::sinh(a), std::cosh(a), "torch.sinh(x)", "np.sinh(x)")
          .on({bounded})
          .extremes(near_zero({tiny, -tiny, 1e-3, 0.5, 1, -1, 20, -30, 700, 709, 711, -711, huge, inf, -inf, nan})),
      EACH("cosh", cosh(x), std::cosh(a), std::sinh(a), "torch.cosh(x)", "np.cosh(x)")
          .on({bounded})
          .extremes(near_zero({tiny, -tiny, 1e-3, 0.5, 1, -1, 20, -30, 700, 709, 711, -711, huge, inf, -inf, nan})),
      EACH("erf", erf(x), std::erf(a), 2 * std::numbers::inv_sqrtpi_v<T> * std::exp(-a * a), "torch.erf(x)", "")
          .extremes(near_zero({tiny, -tiny, small, 1e-3, 0.5, -0.5, 0.9, 1, -1, 2, -2, 3, 5, 6, -6, 20, -26, 30, 1e60, huge, inf, -inf, nan})),
  };
}

// clang-format on

}  // namespace xtape
