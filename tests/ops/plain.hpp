#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "autograd/ops/images.hpp"
#include "autograd/ops/indexing.hpp"
#include "autograd/ops/losses.hpp"
#include "autograd/ops/pooling.hpp"
#include "tensor/kernels/convolution.hpp"
#include "tensor/rng.hpp"
#include "tensor/shape.hpp"

/// Reverse-mode differentiation as plain as can be, for comparison: every element is a number of
/// its own that remembers which numbers it came from and with what slopes. Nothing of xtape's
/// arrays or ops is in it. Its ops have the same names and arguments; those of one element are
/// formulas in tests/ops/*_rows.cpp.

namespace xtape::plain {

struct Step;
using Number = std::shared_ptr<Step>;

struct Step {
  double value = 0;
  std::vector<std::pair<Number, double>> from;  // with d(this)/d(that)
  double grad = 0;
  bool visited = false;
};

/// A number with d(this)/d(that) for each of the numbers it came from.
Number make(double value, std::vector<std::pair<Number, double>> from = {});

/// Gives every number that `result` came from its gradient.
void differentiate(const Number& result);

/// The axis or place counted from the front.
inline std::size_t from_front(std::ptrdiff_t axis, std::size_t extent) {
  return static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::ptrdiff_t>(extent) : axis);
}

/// Numbers in row-major order.
struct Tensor {
  Shape shape;
  std::vector<Number> elements;
};

Tensor leaf(const Shape& shape, const std::vector<double>& values);

/// An op of each element, by loops over its value f(x) and its slope, of x and y.
using Loop = void(const double* x, double* y, std::size_t count);
using SlopeLoop = void(const double* x, const double* y, double* slope, std::size_t count);
Tensor each(const Tensor& x, Loop* values, SlopeLoop* slopes);

Tensor operator+(const Tensor& a, const Tensor& b);
Tensor operator-(const Tensor& a, const Tensor& b);
Tensor operator*(const Tensor& a, const Tensor& b);
Tensor operator/(const Tensor& a, const Tensor& b);
Tensor operator*(const Tensor& a, double b);

/// Functions of two operands that broadcast, and of the elements over axes.
Tensor paired(const Tensor& a, const Tensor& b, Number (*f)(const Number&, const Number&));
using List = std::vector<std::ptrdiff_t>;
Tensor reduced(const Tensor& x, const List& axes, bool keepdims,
               const std::function<Number(const std::vector<Number>&)>& f);

Tensor operator>(const Tensor& a, const Tensor& b);
Tensor operator<(const Tensor& a, const Tensor& b);
Tensor operator>=(const Tensor& a, const Tensor& b);
Tensor operator<=(const Tensor& a, const Tensor& b);
Tensor operator==(const Tensor& a, const Tensor& b);
Tensor operator!=(const Tensor& a, const Tensor& b);
Tensor operator>(const Tensor& a, double b);
Tensor operator!=(const Tensor& a, double b);
Tensor maximum(const Tensor& a, const Tensor& b);
Tensor minimum(const Tensor& a, const Tensor& b);
Tensor where(const Tensor& mask, const Tensor& a, const Tensor& b);
Tensor pow(const Tensor& a, const Tensor& b);
Tensor atan2(const Tensor& a, const Tensor& b);

Tensor matmul(const Tensor& a, const Tensor& b);
Tensor einsum(const std::string& equation, const Tensor& x);
Tensor einsum(const std::string& equation, const Tensor& x, const Tensor& y);
Tensor einsum(const std::string& equation, const Tensor& x, const Tensor& y, const Tensor& z);
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias);

Tensor sum(const Tensor& x);
Tensor sum(const Tensor& x, const List& axes, bool keepdims);
Tensor mean(const Tensor& x);
Tensor mean(const Tensor& x, const List& axes, bool keepdims);
Tensor max(const Tensor& x);
Tensor max(const Tensor& x, const List& axes, bool keepdims);
Tensor min(const Tensor& x);
Tensor min(const Tensor& x, const List& axes, bool keepdims);

Tensor prod(const Tensor& x, const List& axes, bool keepdims);
Tensor var(const Tensor& x, const List& axes, bool keepdims, double correction = 1);
Tensor norm(const Tensor& x, const List& axes, bool keepdims);
Tensor logsumexp(const Tensor& x, const List& axes, bool keepdims);
Tensor cumsum(const Tensor& x, std::ptrdiff_t axis);

Tensor reshape(const Tensor& x, const List& shape);
Tensor transpose(const Tensor& x, std::ptrdiff_t a = -2, std::ptrdiff_t b = -1);
Tensor flip(const Tensor& x, const List& axes);
Tensor concatenate(std::span<const Tensor> operands, std::ptrdiff_t axis);
Tensor stack(std::span<const Tensor> operands, std::ptrdiff_t axis);
Tensor permute(const Tensor& x, const List& axes);
Tensor squeeze(const Tensor& x);
Tensor squeeze(const Tensor& x, const List& axes);
Tensor unsqueeze(const Tensor& x, std::ptrdiff_t axis);
Tensor broadcast_to(const Tensor& x, const List& extents);
Tensor slice(const Tensor& x, std::ptrdiff_t begin, std::ptrdiff_t end = to_end,
             std::ptrdiff_t axis = 0, std::ptrdiff_t step = 1);
template <std::size_t N>
std::vector<Tensor> split(const Tensor& x, std::ptrdiff_t axis) {
  const std::size_t extent = x.shape[from_front(axis, x.shape.size())];
  std::vector<Tensor> parts;
  for (std::size_t i = 0; i < N; ++i) {
    const auto end = static_cast<std::ptrdiff_t>(extent / N * (i + 1));
    parts.push_back(slice(x, end - static_cast<std::ptrdiff_t>(extent / N), end, axis));
  }
  return parts;
}
Tensor select(const Tensor& x, std::ptrdiff_t place, std::ptrdiff_t axis = 0);
Tensor gather(const Tensor& x, const std::vector<int>& rows, std::ptrdiff_t axis = 0);
Tensor scatter_add(const Tensor& x, const std::vector<int>& rows, const Tensor& values,
                   std::ptrdiff_t axis = 0);
Tensor diagonal(const Tensor& x, std::ptrdiff_t offset);
Tensor diag(const Tensor& x, std::ptrdiff_t offset);
Tensor tril(const Tensor& x, std::ptrdiff_t offset);
Tensor triu(const Tensor& x, std::ptrdiff_t offset);

Tensor upsample2d(const Tensor& x, Pair factor, Upsampling mode = Upsampling::nearest);
Tensor pad(const Tensor& x, const Margins& margins, PadOptions options = {});
Tensor max_pool2d(const Tensor& x, Pair kernel, MaxPoolOptions options = {});
Tensor avg_pool2d(const Tensor& x, Pair kernel, AvgPoolOptions options = {});
Tensor global_avg_pool2d(const Tensor& x);

using Optional = std::optional<Tensor>;
Tensor batch_norm(const Tensor& x, const Optional& weight, const Optional& bias,
                  double epsilon = 1e-5);
Tensor layer_norm(const Tensor& x, const Optional& weight = {}, const Optional& bias = {},
                  double epsilon = 1e-5, std::size_t axes = 1);
Tensor group_norm(const Tensor& x, std::size_t groups, const Optional& weight = {},
                  const Optional& bias = {}, double epsilon = 1e-5);

Tensor softmax(const Tensor& x);
Tensor log_softmax(const Tensor& x);

Tensor softmax_cross_entropy(const Tensor& logits, const std::vector<int>& labels,
                             Reduction reduction, double smoothing = 0,
                             std::span<const double> class_weights = {},
                             std::optional<int> ignored = {});
Tensor softmax_cross_entropy(const Tensor& logits, const Tensor& targets, Reduction reduction,
                             double smoothing = 0);
Tensor mse(const Tensor& prediction, const Tensor& target, Reduction reduction);
Tensor l1(const Tensor& prediction, const Tensor& target, Reduction reduction);
Tensor huber(const Tensor& prediction, const Tensor& target, Reduction reduction, double delta = 1);
Tensor sigmoid_cross_entropy(const Tensor& logits, const Tensor& targets, Reduction reduction);
Tensor kl_divergence(const Tensor& log_p, const Tensor& targets, Reduction reduction);

Tensor conv2d(const Tensor& x, const Tensor& weight, const Conv2dOptions& options = {});
Tensor conv1d(const Tensor& x, const Tensor& weight, const Conv1dOptions& options = {});
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight,
                        const ConvTranspose2dOptions& options = {});
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
              const Conv2dOptions& options = {});
Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias,
              const Conv1dOptions& options = {});
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const ConvTranspose2dOptions& options = {});

Tensor dropout(const Tensor& x, double rate, Rng& rng);

}  // namespace xtape::plain
