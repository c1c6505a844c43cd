#include "tests/ops/table.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include "autograd/ops/ops.hpp"
#include "tests/ops/arrays.hpp"

namespace xtape {
namespace {

using Rows = std::vector<Row>;
using List = std::vector<double>;

constexpr Domain any = Domain::any;
constexpr Domain above_0 = Domain::positive;
constexpr Domain around_0 = Domain::off_zero;
constexpr Domain apart = Domain::distinct;
constexpr Domain bounded = Domain::bounded;

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double normal = std::numeric_limits<double>::min();
constexpr double tiny = std::numeric_limits<double>::denorm_min(), small = 1e-310, huge = 1e300;

/// The lists joined, after some numbers near 0.
List near_zero(const List& others) {
  List list{0.0, -0.0, 1e-20, -1e-20, 1e-8, -1e-8};
  list.insert(list.end(), others.begin(), others.end());
  return list;
}

// clang-format off

Rows activations() {
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

Rows losses() {
  const auto large = array_of<double>(Shape{5, 3}, {1000, 0, -1000, huge, huge, huge, -745, 0, 745, 3, -inf, 2, -1e5, -1e5, -1e5 + 1});
  auto finite = large;
  finite(3, 1) = -1e4;
  Array<double> targets(Shape{5, 3}, 0.25);
  targets(0, 1) = targets(2, 2) = 1.5;
  const std::vector<int> labels{0, 2, 0, 2, 1};
  return {
      OP("softmax_cross_entropy (labels)", softmax_cross_entropy(x, of.labels, of.reduction),
         "F.cross_entropy(x, torch.tensor(labels), reduction=reduction)", "", kind::labelled())
          .numbers_together({large}, {.labels = labels, .reduction = Reduction::mean})
          .numbers_together({large}, {.labels = labels, .reduction = Reduction::sum}),
      OP("softmax_cross_entropy (labels)", softmax_cross_entropy(x, of.labels, of.reduction, 0.1),
         "F.cross_entropy(x, torch.tensor(labels), reduction=reduction, label_smoothing=0.1)", "", kind::labelled())
          .numbers_together({finite}, {.labels = labels, .reduction = Reduction::mean}),
      OP("softmax_cross_entropy (targets)", softmax_cross_entropy(x, y, of.reduction),
         "F.cross_entropy(x, y, reduction=reduction)", "", kind::targeted())
          .on({any, above_0})
          .numbers_together({finite, targets}, {.reduction = Reduction::mean})
          .numbers_together({finite, targets}, {.reduction = Reduction::sum}),
      OP("softmax_cross_entropy (targets)", softmax_cross_entropy(x, y, of.reduction, 0.1),
         "F.cross_entropy(x, y, reduction=reduction, label_smoothing=0.1)", "", kind::targeted())
          .on({any, above_0})
          .numbers_together({finite, targets}, {.reduction = Reduction::mean}),
      OP("mse", mse(x, y, of.reduction), "F.mse_loss(x, y, reduction=reduction)", "", kind::alike()),
  };
}

Rows math() {
  const List powers{0, 1, -1, 1e-300, 1e150, inf, nan};
  return {
      EACH("exp", exp(x), std::exp(a), y, "torch.exp(x)", "np.exp(x)")
          .extremes(near_zero({1, -1, 50, -50, 700, -700, 709.4, -708, -708.39, 710, 1000, -746, -1000, inf, -inf, nan, 709.5, 709.78, -720, -745})),
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
      // At 0 both take the slope 0.
      EACH("abs", abs(x), std::abs(a), a > 0 ? 1 : -1, "torch.abs(x)", "np.abs(x)")
          .on({around_0})
          .extremes(near_zero({tiny, -tiny, huge, -huge, inf, -inf})),
      EACH("sin", sin(x), std::sin(a), std::cos(a), "torch.sin(x)", "np.sin(x)")
          .on({bounded})
          .extremes(near_zero({1, -1, 3, -3, 100, inf, nan})),
      EACH("cos", cos(x), std::cos(a), -std::sin(a), "torch.cos(x)", "np.cos(x)")
          .on({bounded})
          .extremes(near_zero({1, -1, 3, -3, 100, inf, nan})),
  };
}

Rows reductions() {
  const auto ties = array_of<double>(Shape{6, 4}, {1, 3, 3, 2, 0, 0, 0, 0, -inf, -inf, -inf, -inf, 1, inf, inf, 2, 1, nan, inf, nan, 1, -inf, nan, 2});
  const char* first = "torch.amax and amin divide the gradient among equal elements; here the first gets it";
  return {
      OP("sum", sum(x), "torch.sum(x)", "np.sum(x)", kind::each_shape()),
      OP("sum", sum(x, of.axes, of.keepdims), "torch.sum(x, axes, keepdims)", "np.sum(x, axes, keepdims=keepdims)", kind::axes()),
      OP("mean", mean(x), "torch.mean(x)", "np.mean(x)", kind::full()),
      OP("mean", mean(x, of.axes, of.keepdims), "torch.mean(x, axes, keepdims)", "np.mean(x, axes, keepdims=keepdims)", kind::full_axes()),
      OP("max", max(x, of.axes, of.keepdims), "torch.amax(x, axes, keepdims)", "np.max(x, axes, keepdims=keepdims)", kind::full_axes())
          .on({apart})
          .instead("first_max(x, axes, keepdims)", first)
          .numbers_together({ties}, {.axes = {1}})
          .numbers_together({ties}, {.axes = {0}})
          .numbers_together({ties}, {.keepdims = true, .axes = {0, 1}}),
      OP("max", max(x), "torch.max(x)", "np.max(x)", kind::full()).on({apart}),
      OP("min", min(x, of.axes, of.keepdims), "torch.amin(x, axes, keepdims)", "np.min(x, axes, keepdims=keepdims)", kind::full_axes())
          .on({apart})
          .instead("-first_max(-x, axes, keepdims)", first)
          .numbers_together({ties}, {.axes = {1}})
          .numbers_together({ties}, {.axes = {0}}),
      OP("min", min(x), "torch.min(x)", "np.min(x)", kind::full()).on({apart}),
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
         {activations(), arithmetic(), convolution_rows(), dropouts(), einsum_rows(), image_rows(),
          indexing_rows(), linear_algebra_rows(), losses(), math(), matrix_rows(),
          normalization_rows(), pooling_rows(), reductions(), shaping_rows(), softmaxes(),
          triangle_rows()}) {
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
