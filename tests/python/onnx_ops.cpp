#include "tests/python/onnx_cases.hpp"

namespace onnx_cases {
namespace {

const Shape row{6}, image{4, 5, 6};

/// Ops of each element: as they are, and between convolutions, where channels are first.
template <class T, class Op>
void write_each(const Writer<T>& write, const std::string& name, Op op) {
  write(name, op, image);
  xtape::Rng rng{1};
  write(name + " between convolutions",
        nn::Sequential<T>{nn::Conv2d<T>(6, 5, 2, rng), op, nn::Conv2d<T>(5, 2, 1, rng)}, image);
}

/// Ops that change shapes: as they are, and after a convolution.
template <class T, class Op>
void write_after(const Writer<T>& write, const std::string& name, Op op) {
  write(name, op, image);
  xtape::Rng rng{1};
  write(name + " after a convolution", nn::Sequential<T>{nn::Conv2d<T>(6, 3, 2, rng), op}, image);
}

template <class T>
void write_comparisons(const Writer<T>& write) {
  using V = Variable<T>;
  const auto each = [&](const std::string& name, auto op) { write_each(write, name, op); };
  each("greater", [](V x) { return x * (x > T(0.3)) + (T(0.1) > x) * T(2); });
  each("less", [](V x) { return x * (x < flip(x, 1)) + (T(0.1) < x); });
  each("greater_equal", [](V x) { return x * (x >= T(0.3)) + (T(0.1) >= x); });
  each("less_equal", [](V x) { return x * (x <= T(0.3)) + (x <= flip(x, 1)); });
  each("equal", [](V x) { return x + (x == abs(x)) + (x != flip(x, 2)) + (x != T(0.5)); });
  each("maximum", [](V x) { return maximum(x, T(0.3)) + maximum(x, flip(x, 2)); });
  each("minimum", [](V x) { return minimum(T(0.3), x) + minimum(x, flip(x, 1)); });
  each("clip", [](V x) { return clip(x, T(-0.3), T(0.7)); });
  each("where", [](V x) {
    const V mask = x > T(0.1);
    return where(mask, x, T(-1)) + where(mask, T(3), x) * where(mask, flip(x, 1), x * T(2));
  });
  each("where of columns", [](V x) { return where(mean(x, 1, true) > T(0), x, x * x); });
}

template <class T>
void write_elementwise(const Writer<T>& write) {
  using V = Variable<T>;
  const auto each = [&](const std::string& name, auto op) { write_each(write, name, op); };
  each("exp", [](V x) { return exp(x); });
  each("log", [](V x) { return log(abs(x) + T(0.1)); });
  each("log1p", [](V x) { return log1p(abs(x) * T(1e-4)); });
  each("sqrt", [](V x) { return sqrt(abs(x) + T(0.1)); });
  each("square", [](V x) { return square(x); });
  each("pow", [](V x) { return pow(abs(x) + T(0.1), T(1.7)); });
  each("abs", [](V x) { return abs(x); });
  each("sin", [](V x) { return sin(x); });
  each("cos", [](V x) { return cos(x); });
  each("tan", [](V x) { return tan(x * T(0.1)); });
  each("sinh", [](V x) { return sinh(x); });
  each("cosh", [](V x) { return cosh(x); });
  each("erf", [](V x) { return erf(x); });
  each("sign", [](V x) { return sign(x) * x; });
  each("expm1", [](V x) { return expm1(x * T(1e-4)) + expm1(x); });
  each("power", [](V x) { return pow(abs(x) + T(0.1), x); });
  each("negate", [](V x) { return -x; });
  each("add", [](V x) { return (x + T(0.3)) + x; });
  each("subtract", [](V x) { return (x - T(0.3)) - (T(2) - x); });
  each("multiply", [](V x) { return (x * T(0.3)) * x; });
  each("divide", [](V x) { return (x / T(3)) / (abs(x) + T(1)) + T(2) / (abs(x) + T(1)); });
  each("softmax", [](V x) { return softmax(x) + log_softmax(x); });
  each("flip", [](V x) { return flip(x, {1, -1}) + flip(x, 2); });
  each("concatenate", [](V x) { return concatenate(x, flip(x, 2), 1) * T(0.5); });
  each("slice", [](V x) { return slice(x, 1, -1, 1); });
  each("sum of pixels", [](V x) { return x - sum(x, {1, 2}, true) + mean(x, -1, true); });
  each("max", [](V x) { return x - max(x, {1, 3}, true) + min(x, 2, true); });
  each("pad", [](V x) { return pad(x, xtape::Margins(1, 0, 2, 1), {.value = 1.5}); });
  each("pad reflect",
       [](V x) { return pad(x, xtape::Pair(2, 1), {.mode = xtape::PadMode::reflect}); });
}

/// x times an array, with a sum.
template <class T>
struct Beside {
  Array<T> other;
  Variable<T> operator()(Variable<T> x) const { return x * x.tape().parameter(other) + x / T(7); }
  static void visit(auto& self, auto&& f) { f("other", self.other); }
};

template <class T>
void write_broadcasting(const Writer<T>& write) {
  const auto beside = [&](const std::string& name, const Array<T>& array) {
    write(name, Beside<T>{array}, image);
    xtape::Rng rng{1};
    write(name + " between convolutions",
          nn::Sequential<T>{nn::Conv2d<T>(6, 6, 1, rng), Beside<T>{array},
                            nn::Conv2d<T>(6, 2, 1, rng)},
          image);
  };
  beside("times a number", Array<T>(Shape{}, T(3)));
  beside("times a channel", Array<T>(Shape{6}, T(3)));
  beside("times a row", Array<T>(Shape{5, 6}, T(3)));
  beside("times a column", Array<T>(Shape{4, 1, 1}, T(3)));
  beside("times an image", Array<T>(Shape{1, 4, 5, 6}, T(3)));
}

template <class T>
void write_reductions(const Writer<T>& write) {
  using V = Variable<T>;
  const auto after = [&](const std::string& name, auto op) { write_after(write, name, op); };
  after("sum over pixels", [](V x) { return sum(x, {1, 2}); });
  after("sum over channels", [](V x) { return sum(x, -1); });
  after("mean over rows", [](V x) { return mean(x, 1); });
  after("max over rows and channels", [](V x) { return max(x, {1, 3}); });
  after("min over all but the batch", [](V x) { return min(x, {1, 2, 3}); });
  after("prod over pixels", [](V x) { return prod(x, {1, 2}); });
  after("prod over rows and channels", [](V x) { return prod(x, {1, 3}, true); });
  after("var over channels", [](V x) { return var(x, -1) + var(x, -1, false, 0); });
  after("norm over pixels", [](V x) { return norm(x, {1, 2}, true); });
  after("logsumexp over rows", [](V x) { return logsumexp(x, 1) + logsumexp(x, 1, true); });
  after("cumsum", [](V x) { return cumsum(x, 1) + cumsum(x, -1); });
  after("sum over nothing", [](V x) { return sum(x, std::vector<std::ptrdiff_t>{}); });
  after("mean over the batch", [](V x) { return x - mean(x, 0, true); });
  after("loss", [](V x) { return mse(x, flip(x, 1)) + mean(x); });
}

template <class T>
void write_shaping(const Writer<T>& write) {
  using V = Variable<T>;
  const auto after = [&](const std::string& name, auto op) { write_after(write, name, op); };
  after("transpose", [](V x) { return transpose(x, 1, -1); });
  after("transpose of the batch", [](V x) { return transpose(x, 0, 1); });
  after("permute", [](V x) { return permute(x, {0, 3, 1, 2}); });
  after("squeeze and unsqueeze", [](V x) { return unsqueeze(squeeze(slice(x, 0, 1, 1), 1), -1); });
  after("broadcast_to", [](V x) { return broadcast_to(mean(x, 1, true), {2, -1, 3, -1, -1}); });
  after("split", [](V x) { return split<2>(concatenate(x, x, 1), 1)[1]; });
  after("steps", [](V x) { return slice(x, 1, xtape::to_end, 1, 2); });
  after("select", [](V x) { return select(x, -1, 1); });
  after("gather along rows", [](V x) { return gather(x, {1, 0, 1}, 1); });
  after("gather by matrix", [](V x) { return gather(x, xt::xarray<int>{{1, 0}, {1, 1}}, 2); });
  after("triangles", [](V x) { return tril(x, 1) + triu(x, -1) * T(2); });
  after("stack", [](V x) { return stack(x, x * T(2), 1); });
  after("slice of the batch",
        [](V x) { return x - slice(x, -1, static_cast<std::ptrdiff_t>(x.shape()[0]), 0); });
  after("reshape to sequences", [](V x) {
    return reshape(x, {-1, static_cast<std::ptrdiff_t>(x.shape()[3])});
  });
  write(
      "matmul", [](V x) { return matmul(x, transpose(x)); }, row);
  after("matmul of batches", [](V x) { return matmul(x, transpose(x)) * T(0.2); });
  after("matmul by a vector",
        [](V x) { return matmul(x, select(select(select(x, 0), 0), 0)) * T(0.2); });
  after("einsum", [](V x) { return einsum("bhwc,bhvc->bvwh", x, x) * T(0.2); });
  write(
      "gather",
      [](V x) {
        const std::vector<int> rows{0, 0};
        return gather(slice(x, 0, 1, 0), rows);
      },
      row);
  write(
      "identity", [](V x) { return x; }, row);
  write(
      "norms without weights",
      [](V x) {
        return batch_norm(x) + layer_norm(x) + layer_norm(x, {}, {}, 0.1, 2) + group_norm(x, 2);
      },
      image);
  write(
      "functions of convolutions",
      [](V x) {
        const V weight = x.tape().constant(Array<T>(Shape{2, 2, 6, 3}, T(0.1)));
        return conv2d(x, weight * T(2)) + conv2d(x, weight);
      },
      image);
}

template <class T>
void write_all(const Writer<T>& write) {
  write_elementwise(write);
  write_comparisons(write);
  write_broadcasting(write);
  write_reductions(write);
  write_shaping(write);
}

}  // namespace

void write_ops(const std::filesystem::path& folder, bool in_double) {
  in_double ? write_all(Writer<double>(folder)) : write_all(Writer<float>(folder));
}

}  // namespace onnx_cases
