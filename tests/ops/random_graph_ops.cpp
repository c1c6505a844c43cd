#include <algorithm>
#include <utility>

#include "autograd/ops/ops.hpp"
#include "tests/ops/random_graph.hpp"

namespace xtape {
namespace {

using Given = std::span<const Shape>;

bool full(const Shape& shape) {
  return std::all_of(shape.begin(), shape.end(), [](std::size_t extent) { return extent > 0; });
}

/// An axis of the shape, counted from either end.
std::ptrdiff_t draw_axis(const Shape& shape, Rng& rng) {
  const auto rank = static_cast<std::ptrdiff_t>(shape.size());
  const auto axis = static_cast<std::ptrdiff_t>(rng.below(shape.size()));
  return rng.below(2) == 0 ? axis : axis - rank;
}

/// One operand of a shape that `takes` takes.
template <class Takes>
Signature unary(Takes takes) {
  return {[=](Given shapes) { return takes(shapes[0]); },
          [=](const Shape& first, Rng&) {
            return takes(first) ? std::vector{first} : std::vector<Shape>();
          }};
}

Signature unary() {
  return unary([](const Shape&) { return true; });
}

/// Of at least one axis.
Signature unary_with_axis() {
  return unary([](const Shape& shape) { return !shape.empty(); });
}

/// Of at least one axis and one element.
Signature unary_full() {
  return unary([](const Shape& shape) { return !shape.empty() && full(shape); });
}

/// Two operands whose shapes are related.
template <class Fits, class Second>
Signature binary(Fits fits, Second second) {
  return {[=](Given shapes) { return fits(shapes[0], shapes[1]); },
          [=](const Shape& first, Rng& rng) {
            const Shape other = second(first, rng);
            return fits(first, other) ? std::vector{first, other} : std::vector<Shape>();
          }};
}

Signature broadcasting() {
  const auto fits = [](const Shape& a, const Shape& b) {
    for (std::size_t i = 1; i <= std::min(a.size(), b.size()); ++i) {
      const std::size_t of_a = a[a.size() - i], of_b = b[b.size() - i];
      if (of_a != of_b && of_a != 1 && of_b != 1) {
        return false;
      }
    }
    return true;
  };
  // Axes are left out in front or added there, and each may shrink to 1 or grow from it.
  return binary(fits, [](const Shape& a, Rng& rng) {
    const std::size_t cut = rng.below(3) == 0 ? rng.below(a.size() + 1) : 0;
    Shape b(a.begin() + static_cast<std::ptrdiff_t>(cut), a.end());
    for (std::size_t& extent : b) {
      extent = rng.below(3) != 0 ? extent : extent == 1 ? 1 + rng.below(4) : 1;
    }
    if (b.size() < 3 && cut == 0 && rng.below(4) == 0) {
      b.insert(b.begin(), 1 + rng.below(3));
    }
    return b;
  });
}

/// The same shape twice, if `takes` takes it.
template <class Takes>
Signature twice(Takes takes) {
  return binary([=](const Shape& a, const Shape& b) { return takes(a) && same_shape(a, b); },
                [](const Shape& a, Rng&) { return a; });
}

bool is_batch(const Shape& shape) { return shape.size() == 2 && full(shape); }

Signature product() {
  const auto fits = [](const Shape& a, const Shape& b) {
    return a.size() == 2 && b.size() == 2 && a[1] == b[0];
  };
  return binary(fits, [](const Shape& a, Rng& rng) {
    return a.size() == 2 ? Shape{a[1], 1 + rng.below(5)} : Shape{};
  });
}

Signature layer() {
  return {
      [](Given shapes) {
        const Shape &x = shapes[0], &weight = shapes[1], &bias = shapes[2];
        return x.size() == 2 && weight.size() == 2 && bias.size() == 1 && x[1] == weight[0] &&
               weight[1] == bias[0];
      },
      [](const Shape& x, Rng& rng) {
        const std::size_t out = 1 + rng.below(5);
        return x.size() == 2 ? std::vector{x, Shape{x[1], out}, Shape{out}} : std::vector<Shape>();
      }};
}

/// The axis along which two arrays fit one after the other, or the rank.
std::size_t joint(const Shape& a, const Shape& b) {
  std::size_t axis = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    axis = a[i] == b[i] ? axis : i;
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (i != axis && a[i] != b[i]) {
      return a.size();
    }
  }
  return axis;
}

Signature joined() {
  const auto fits = [](const Shape& a, const Shape& b) {
    return !a.empty() && a.size() == b.size() && joint(a, b) < a.size();
  };
  return binary(fits, [](Shape a, Rng& rng) {
    if (!a.empty()) {
      a[rng.below(a.size())] = 1 + rng.below(3);
    }
    return a;
  });
}

Arguments nothing(Given, Rng&) { return {}; }
Arguments a_flag(Given, Rng& rng) { return {.flag = rng.below(2) == 0}; }
Arguments an_axis(Given shapes, Rng& rng) {
  return {.i = draw_axis(shapes[0], rng), .flag = rng.below(2) == 0};
}
Arguments two_axes(Given shapes, Rng& rng) {
  return {.i = draw_axis(shapes[0], rng), .j = draw_axis(shapes[0], rng)};
}
Arguments joint_axis(Given shapes, Rng&) {
  return {.i = static_cast<std::ptrdiff_t>(joint(shapes[0], shapes[1]))};
}
Arguments a_range(Given shapes, Rng& rng) {
  const std::ptrdiff_t axis = draw_axis(shapes[0], rng);
  const std::size_t extent = shapes[0][normalize_axis("slice", axis, shapes[0])];
  const std::size_t begin = rng.below(extent + 1), end = begin + rng.below(extent - begin + 1);
  return {
      .i = static_cast<std::ptrdiff_t>(begin), .j = static_cast<std::ptrdiff_t>(end), .k = axis};
}

/// Numbers below `extent`.
std::vector<int> draw_list(std::size_t count, std::size_t extent, Rng& rng) {
  std::vector<int> list(count);
  for (int& each : list) {
    each = static_cast<int>(rng.below(extent));
  }
  return list;
}
Arguments some_rows(Given shapes, Rng& rng) {
  return {.list = draw_list(rng.below(6), shapes[0][0], rng)};
}
Arguments labels(Given shapes, Rng& rng) {
  return {.flag = rng.below(2) == 0, .list = draw_list(shapes[0][0], shapes[0][1], rng)};
}

/// The same elements in one axis, in two, or in reversed order of the axes.
Arguments another_shape(Given shapes, Rng& rng) {
  const Shape& from = shapes[0];
  const std::size_t count = element_count(from);
  switch (rng.below(3)) {
    case 0:
      return {.shape = Shape{count}};
    case 1: {
      std::size_t divisor = 1 + rng.below(4);
      divisor = count % divisor == 0 ? divisor : 1;
      return {.shape = Shape{divisor, count / divisor}};
    }
    default:
      return {.shape = Shape(from.rbegin(), from.rend())};
  }
}

template <class F>
GraphOp op(std::string name, std::string text, Signature signature, std::vector<Domain> domains,
           Arguments (*draw)(Given, Rng&), F f) {
  return {
      std::move(name), std::move(text), std::move(signature), std::move(domains), draw, f, f, f};
}

/// An op of one operand of any shape, and no arguments.
template <class F>
GraphOp each(std::string name, std::string text, F f, Domain domain = Domain::any) {
  return op(std::move(name), std::move(text), unary(), {domain}, nothing,
            [=](auto x, const Arguments&) { return f(x[0]); });
}

template <class F>
GraphOp pairs(std::string name, std::string text, F f, Domain second = Domain::any) {
  return op(std::move(name), std::move(text), broadcasting(), {Domain::any, second}, nothing,
            [=](auto x, const Arguments&) { return f(x[0], x[1]); });
}

using Ops = std::vector<GraphOp>;
using A = const Arguments&;

Ops arithmetic() {
  return {pairs("operator+", "{x} + {y}", [](auto a, auto b) { return a + b; }),
          pairs("operator-", "{x} - {y}", [](auto a, auto b) { return a - b; }),
          pairs("operator*", "{x} * {y}", [](auto a, auto b) { return a * b; }),
          pairs(
              "operator/", "{x} / {y}", [](auto a, auto b) { return a / b; }, Domain::off_zero),
          each("operator+", "{x} + 0.375", [](auto x) { return x + 0.375; }),
          each("operator+", "0.375 + {x}", [](auto x) { return 0.375 + x; }),
          each("operator-", "{x} - 0.375", [](auto x) { return x - 0.375; }),
          each("operator-", "0.375 - {x}", [](auto x) { return 0.375 - x; }),
          each("operator*", "{x} * -1.5", [](auto x) { return x * -1.5; }),
          each("operator*", "-1.5 * {x}", [](auto x) { return -1.5 * x; }),
          each("operator/", "{x} / -1.5", [](auto x) { return x / -1.5; }),
          each(
              "operator/", "-1.5 / {x}", [](auto x) { return -1.5 / x; }, Domain::off_zero),
          each("operator-", "-{x}", [](auto x) { return -x; })};
}

Ops functions() {
  return {each("exp", "exp({x})", [](auto x) { return exp(x); }),
          each(
              "log", "log({x})", [](auto x) { return log(x); }, Domain::positive),
          each(
              "sqrt", "sqrt({x})", [](auto x) { return sqrt(x); }, Domain::positive),
          each("square", "square({x})", [](auto x) { return square(x); }),
          each("pow", "pow({x}, 3)", [](auto x) { return pow(x, 3); }),
          each(
              "pow", "pow({x}, -1.5)", [](auto x) { return pow(x, -1.5); }, Domain::positive),
          each(
              "abs", "abs({x})", [](auto x) { return abs(x); }, Domain::off_zero),
          each("sigmoid", "sigmoid({x})", [](auto x) { return sigmoid(x); }),
          each("tanh", "tanh({x})", [](auto x) { return tanh(x); }),
          each(
              "relu", "relu({x})", [](auto x) { return relu(x); }, Domain::off_zero),
          each(
              "leaky_relu", "leaky_relu({x}, 0.25)", [](auto x) { return leaky_relu(x, 0.25); },
              Domain::off_zero),
          each("softplus", "softplus({x})", [](auto x) { return softplus(x); }),
          each("gelu", "gelu({x})", [](auto x) { return gelu(x); }),
          each("dropout", "dropout({x}, 0, tape.rng())", [](auto x) {
            Rng rng(1);
            return dropout(x, 0, rng);
          })};
}

Ops arrays() {
  constexpr auto any = Domain::any;
  return {
      op("matmul", "matmul({x}, {y})", product(), {any, any}, nothing,
         [](auto x, A) { return matmul(x[0], x[1]); }),
      op("linear", "linear({x}, {y}, {z})", layer(), {any, any, any}, nothing,
         [](auto x, A) { return linear(x[0], x[1], x[2]); }),
      each("sum", "sum({x})", [](auto x) { return sum(x); }),
      op("sum", "sum({x}, {i}, {flag})", unary_with_axis(), {any}, an_axis,
         [](auto x, A of) { return sum(x[0], of.i, of.flag); }),
      op("mean", "mean({x})", unary(full), {any}, nothing, [](auto x, A) { return mean(x[0]); }),
      op("mean", "mean({x}, {i}, {flag})", unary_full(), {any}, an_axis,
         [](auto x, A of) { return mean(x[0], of.i, of.flag); }),
      op("max", "max({x}, {i}, {flag})", unary_full(), {Domain::distinct}, an_axis,
         [](auto x, A of) { return max(x[0], of.i, of.flag); }),
      op("reshape", "reshape({x}, {shape})", unary(), {any}, another_shape,
         [](auto x, A of) { return reshape(x[0], of.shape); }),
      op("transpose", "transpose({x}, {i}, {j})", unary_with_axis(), {any}, two_axes,
         [](auto x, A of) { return transpose(x[0], of.i, of.j); }),
      op("concatenate", "concatenate(std::vector{{{x}, {y}}}, {i})", joined(), {any, any},
         joint_axis,
         [](auto x, A of) {
           return concatenate(std::vector{x[0], x[1]}, of.i);
         }),
      op("slice", "slice({x}, {i}, {j}, {k})", unary_with_axis(), {any}, a_range,
         [](auto x, A of) { return slice(x[0], of.i, of.j, of.k); }),
      op("gather", "gather({x}, std::vector<int>{list})", unary_full(), {any}, some_rows,
         [](auto x, A of) { return gather(x[0], of.list); }),
  };
}

Ops losses() {
  constexpr auto any = Domain::any;
  const auto reduction = [](A of) { return of.flag ? Reduction::mean : Reduction::sum; };
  return {
      op("softmax", "softmax({x})", unary_full(), {any}, nothing,
         [](auto x, A) { return softmax(x[0]); }),
      op("log_softmax", "log_softmax({x})", unary_full(), {any}, nothing,
         [](auto x, A) { return log_softmax(x[0]); }),
      op("softmax_cross_entropy", "softmax_cross_entropy({x}, std::vector<int>{list}, {reduction})",
         unary(is_batch), {any}, labels,
         [=](auto x, A of) { return softmax_cross_entropy(x[0], of.list, reduction(of)); }),
      op("softmax_cross_entropy", "softmax_cross_entropy({x}, {y}, {reduction})", twice(is_batch),
         {any, any}, a_flag,
         [=](auto x, A of) { return softmax_cross_entropy(x[0], x[1], reduction(of)); }),
      op("mse", "mse({x}, {y}, {reduction})", twice(full), {any, any}, a_flag,
         [=](auto x, A of) { return mse(x[0], x[1], reduction(of)); })};
}

}  // namespace

std::span<const GraphOp> graph_ops() {
  static const Ops all = [] {
    Ops list;
    for (const Ops& family : {arithmetic(), functions(), arrays(), losses()}) {
      list.insert(list.end(), family.begin(), family.end());
    }
    return list;
  }();
  return all;
}

}  // namespace xtape
