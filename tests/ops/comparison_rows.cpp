#include "tests/ops/rows.hpp"

/// The rows of comparisons, and of choices between elements.

namespace xtape {

// clang-format off

std::vector<Row> comparison_rows() {
  const List left{1, 1, 2, 0.0, -0.0, inf, inf, -inf, -inf, nan, nan, 1, huge, -huge, tiny, 0};
  const List right{1, 2, 1, -0.0, 0.0, inf, 1, -inf, 0, 1, nan, nan, -huge, inf, 0, tiny};
  const List at_half{0.5, -0.5, 0.0, -0.0, 0.25, 0.75, tiny, huge, -huge, nan};
  return {
      OP("operator> (a, b)", (x - y) * (x > y), "(x - y) * (x > y)", "(x - y) * (x > y)", kind::broadcasting()).on({wholes, halves}).extremes(left, right),
      EACH("operator> (a, number)", x * (x > 0.5), a > T(0.5) ? a : 0, a > T(0.5) ? 1 : 0, "x * (x > 0.5)", "x * (x > 0.5)").on({wholes}).extremes(at_half),
      EACH("operator> (number, b)", x * (0.5 > x), T(0.5) > a ? a : 0, T(0.5) > a ? 1 : 0, "x * (0.5 > x)", "x * (0.5 > x)").on({wholes}).extremes(at_half),
      OP("operator< (a, b)", (x - y) * (x < y), "(x - y) * (x < y)", "(x - y) * (x < y)", kind::broadcasting()).on({wholes, halves}).extremes(left, right),
      EACH("operator< (a, number)", x * (x < 0.5), a < T(0.5) ? a : 0, a < T(0.5) ? 1 : 0, "x * (x < 0.5)", "x * (x < 0.5)").on({wholes}).extremes(at_half),
      EACH("operator< (number, b)", x * (0.5 < x), T(0.5) < a ? a : 0, T(0.5) < a ? 1 : 0, "x * (0.5 < x)", "x * (0.5 < x)").on({wholes}).extremes(at_half),
      OP("operator>= (a, b)", (x - y) * (x >= y), "(x - y) * (x >= y)", "(x - y) * (x >= y)", kind::broadcasting()).on({wholes, halves}).extremes(left, right),
      EACH("operator>= (a, number)", x * (x >= 0.5), a >= T(0.5) ? a : 0, a >= T(0.5) ? 1 : 0, "x * (x >= 0.5)", "x * (x >= 0.5)").on({wholes}).extremes(at_half),
      EACH("operator>= (number, b)", x * (0.5 >= x), T(0.5) >= a ? a : 0, T(0.5) >= a ? 1 : 0, "x * (0.5 >= x)", "x * (0.5 >= x)").on({wholes}).extremes(at_half),
      OP("operator<= (a, b)", (x - y) * (x <= y), "(x - y) * (x <= y)", "(x - y) * (x <= y)", kind::broadcasting()).on({wholes, halves}).extremes(left, right),
      EACH("operator<= (a, number)", x * (x <= 0.5), a <= T(0.5) ? a : 0, a <= T(0.5) ? 1 : 0, "x * (x <= 0.5)", "x * (x <= 0.5)").on({wholes}).extremes(at_half),
      EACH("operator<= (number, b)", x * (0.5 <= x), T(0.5) <= a ? a : 0, T(0.5) <= a ? 1 : 0, "x * (0.5 <= x)", "x * (0.5 <= x)").on({wholes}).extremes(at_half),
      OP("operator== (a, b)", (x - y) * (x == y), "(x - y) * (x == y)", "(x - y) * (x == y)", kind::broadcasting()).on({wholes, halves}).extremes(left, right),
      EACH("operator== (a, number)", x * (x == 0.5), a == T(0.5) ? a : 0, a == T(0.5) ? 1 : 0, "x * (x == 0.5)", "x * (x == 0.5)").on({wholes}).extremes(at_half),
      EACH("operator== (number, b)", x * (0.5 == x), T(0.5) == a ? a : 0, T(0.5) == a ? 1 : 0, "x * (0.5 == x)", "x * (0.5 == x)").on({wholes}).extremes(at_half),
      OP("operator!= (a, b)", (x - y) * (x != y), "(x - y) * (x != y)", "(x - y) * (x != y)", kind::broadcasting()).on({wholes, halves}).extremes(left, right),
      EACH("operator!= (a, number)", x * (x != 0.5), a != T(0.5) ? a : 0, a != T(0.5) ? 1 : 0, "x * (x != 0.5)", "x * (x != 0.5)").on({wholes}).extremes(at_half),
      EACH("operator!= (number, b)", x * (0.5 != x), T(0.5) != a ? a : 0, T(0.5) != a ? 1 : 0, "x * (0.5 != x)", "x * (0.5 != x)").on({wholes}).extremes(at_half),
      OP("maximum (a, b)", maximum(x, y), "torch.maximum(x, y)", "np.maximum(x, y)", kind::broadcasting()).on({wholes, halves}).extremes(left, right),
      EACH("maximum (a, number)", maximum(x, 0.5), a > T(0.5) ? a : T(0.5), a > T(0.5) ? 1 : 0, "torch.maximum(x, torch.full_like(x, 0.5))", "np.maximum(x, 0.5)").on({wholes}).extremes(at_half),
      EACH("maximum (number, b)", maximum(0.5, x), a > T(0.5) ? a : T(0.5), a > T(0.5) ? 1 : 0, "torch.maximum(torch.full_like(x, 0.5), x)", "np.maximum(0.5, x)").on({wholes}).extremes(at_half),
      OP("minimum (a, b)", minimum(x, y), "torch.minimum(x, y)", "np.minimum(x, y)", kind::broadcasting()).on({wholes, halves}).extremes(left, right),
      EACH("minimum (a, number)", minimum(x, 0.5), a < T(0.5) ? a : T(0.5), a < T(0.5) ? 1 : 0, "torch.minimum(x, torch.full_like(x, 0.5))", "np.minimum(x, 0.5)").on({wholes}).extremes(at_half),
      EACH("minimum (number, b)", minimum(0.5, x), a < T(0.5) ? a : T(0.5), a < T(0.5) ? 1 : 0, "torch.minimum(torch.full_like(x, 0.5), x)", "np.minimum(0.5, x)").on({wholes}).extremes(at_half),
      // At a bound both take the slope 0.
      EACH("clip", clip(x, -0.5, 1.5), std::min(std::max(a, T(-0.5)), T(1.5)), a > T(-0.5) && a < T(1.5) ? 1 : 0, "torch.clamp(x, -0.5, 1.5)", "np.clip(x, -0.5, 1.5)")
          .on({wholes})
          .extremes({-0.5, 1.5, 0.0, -0.0, 1, 2, -2, huge, -huge, tiny, inf, -inf, nan}),
      EACH("clip", clip(x, -0.5, 1e9), std::min(std::max(a, T(-0.5)), T(1e9)), a > T(-0.5) && a < T(1e9) ? 1 : 0, "torch.clamp(x, -0.5, 1e9)", "np.clip(x, -0.5, 1e9)")
          .on({wholes})
          .extremes({-0.5, 1.5, 1e9, huge, -huge, inf, -inf, nan}),
      OP("where (a, b)", where(x > 0.5, x, y), "torch.where(x > 0.5, x, y)", "np.where(x > 0.5, x, y)", kind::broadcasting()).on({wholes, any}).extremes(left, right),
      OP("where (a, b)", where(y != 0.5, x, y), "torch.where(y != 0.5, x, y)", "np.where(y != 0.5, x, y)", kind::broadcasting()).on({any, wholes}),
      EACH("where (a, number)", where(x > 0.5, x, 0.25), a > T(0.5) ? a : T(0.25), a > T(0.5) ? 1 : 0, "torch.where(x > 0.5, x, 0.25)", "np.where(x > 0.5, x, 0.25)").on({wholes}).extremes(at_half),
      EACH("where (number, b)", where(x > 0.5, 0.25, x), a > T(0.5) ? T(0.25) : a, a > T(0.5) ? 0 : 1, "torch.where(x > 0.5, 0.25, x)", "np.where(x > 0.5, 0.25, x)").on({wholes}).extremes(at_half),
  };
}

// clang-format on

}  // namespace xtape
