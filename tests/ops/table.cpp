#include "tests/ops/rows.hpp"

namespace xtape {
namespace {

// clang-format off

Rows arithmetic() {
  const List left{huge, -huge, 1e308, inf, -inf, 0, nan, 1e-300, 3e-308, 1, 1, -1, 0, inf};
  const List right{huge, huge, 1e308, 1, inf, 7, 1, 1e-10, 2, -0.5, 0, 0, 0, 0};
  return {
      OP("operator+ (a, b)", x + y, "x + y", "x + y", kind::broadcasting()).extremes(left, right),
      EACH("operator+ (a, number)", x + 0.375, a + T(0.375), 1, "x + 0.375", "x + 0.375"),
      EACH("operator+ (number, b)", 0.375 + x, T(0.375) + a, 1, "0.375 + x", "0.375 + x"),
      OP("operator- (a, b)", x - y, "x - y", "x - y", kind::broadcasting()).extremes(left, right),
      EACH("operator- (a, number)", x - 0.375, a - T(0.375), 1, "x - 0.375", "x - 0.375"),
      EACH("operator- (number, b)", 0.375 - x, T(0.375) - a, -1, "0.375 - x", "0.375 - x"),
      OP("operator* (a, b)", x * y, "x * y", "x * y", kind::broadcasting()).extremes(left, right),
      EACH("operator* (a, number)", x * -1.5, a * T(-1.5), T(-1.5), "x * -1.5", "x * -1.5"),
      EACH("operator* (number, b)", -1.5 * x, T(-1.5) * a, T(-1.5), "-1.5 * x", "-1.5 * x"),
      OP("operator/ (a, b)", x / y, "x / y", "x / y", kind::broadcasting()).on({any, around_0}).extremes(left, right),
      EACH("operator/ (a, number)", x / -1.5, a / T(-1.5), 1 / T(-1.5), "x / -1.5", "x / -1.5"),
      EACH("operator/ (number, b)", -1.5 / x, T(-1.5) / a, -y / a, "-1.5 / x", "-1.5 / x").on({around_0}).extremes({0.0, -0.0, inf, nan}),
      EACH("operator- (x)", -x, -a, -1, "-x", "-x"),
  };
}

Rows dropouts() {
  // What is dropped at other rates depends on the generator of random numbers.
  return {
      OP("dropout", dropout(x, 0.5, rng), "F.dropout(x, 0.5)", "", kind::each_shape()).unsampled(),
      OP("dropout", dropout(x, 0.125, rng), "F.dropout(x, 0.125)", "", kind::each_shape()).unsampled(),
      OP("dropout", dropout(x, 0, rng), "F.dropout(x, 0.0)", "", kind::each_shape()),
      OP("dropout", dropout(x, 1, rng), "F.dropout(x, 1.0)", "", kind::each_shape()),
  };
}

Rows softmaxes() {
  const auto wide = array_of<double>(Shape{2, 7}, {-999, 12.5, 640, 641, -3, 0, 77, 500, -1000, 499.5, -20, 1, 250, 498});
  const auto extreme = array_of<double>(Shape{6, 4}, {1e4, -1e4, 0, 1e4, huge, huge, -huge, 0, -huge, -huge, -huge, -huge, small, -small, tiny, 0,
                                                      0, -inf, 1, -inf, -300, -300, 400, 399.5});
  return {
      OP("softmax", softmax(x), "torch.softmax(x, -1)", "", kind::last_axis()).numbers_together({wide}).numbers_together({extreme}),
      OP("log_softmax", log_softmax(x), "torch.log_softmax(x, -1)", "", kind::last_axis()).numbers_together({wide}).numbers_together({extreme}),
  };
}

// clang-format on

}  // namespace

std::span<const Row> table() {
  static const Rows all = [] {
    Rows rows;
    for (const Rows& family :
         {activation_rows(), arithmetic(), comparison_rows(), convolution_rows(), dropouts(),
          einsum_rows(), image_rows(), indexing_rows(), linear_algebra_rows(), loss_rows(),
          math_rows(), matrix_rows(), normalization_rows(), pooling_rows(), reduction_rows(),
          shaping_rows(), softmaxes(), triangle_rows()}) {
      rows.insert(rows.end(), family.begin(), family.end());
    }
    return rows;
  }();
  return all;
}

Row Row::on(std::vector<Domain> of_operands) && {
  domains = std::move(of_operands);
  return std::move(*this);
}

Row Row::extremes(const std::vector<double>& values) && {
  numbers.push_back({{array_of<double>(values)}, {}, true});
  return std::move(*this);
}

Row Row::extremes(const std::vector<double>& x, const std::vector<double>& y) && {
  numbers.push_back({{array_of<double>(x), array_of<double>(y)}, {}, true});
  return std::move(*this);
}

Row Row::numbers_together(std::vector<Array<double>> operands, const Of& of) && {
  numbers.push_back({std::move(operands), of, false});
  return std::move(*this);
}

Row Row::numbers_only() && {
  kind.samples.clear();
  in_graphs = false;
  return std::move(*this);
}

Row Row::alone() && {
  refuses = true;
  in_graphs = false;
  return std::move(*this);
}

Row Row::instead(std::string expression, std::string reason) && {
  oracle = std::move(expression);
  because = std::move(reason);
  return std::move(*this);
}

Row Row::unsampled() && {
  sampled = false;
  return std::move(*this);
}

}  // namespace xtape
