#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

#include "autograd/ops/losses.hpp"
#include "tensor/shape.hpp"

/// Reverse-mode differentiation as plain as can be, for comparison: every element is a number of
/// its own that remembers which numbers it came from and with what slopes. Nothing of xtape's
/// arrays or ops is in it; its ops, some of which need fewer lines in terms of others, have the
/// same names and arguments.

namespace xtape::plain {

struct Step;
using Number = std::shared_ptr<Step>;

struct Step {
  double value = 0;
  std::vector<std::pair<Number, double>> from;  // with d(this)/d(that)
  double grad = 0;
  bool visited = false;
};

/// Gives every number that `result` came from its gradient.
void differentiate(const Number& result);

/// Numbers in row-major order.
struct Tensor {
  Shape shape;
  std::vector<Number> elements;
};

Tensor leaf(const Shape& shape, const std::vector<double>& values);

Tensor operator+(const Tensor& a, const Tensor& b);
Tensor operator-(const Tensor& a, const Tensor& b);
Tensor operator*(const Tensor& a, const Tensor& b);
Tensor operator/(const Tensor& a, const Tensor& b);
Tensor operator+(const Tensor& a, double b);
Tensor operator+(double a, const Tensor& b);
Tensor operator-(const Tensor& a, double b);
Tensor operator-(double a, const Tensor& b);
Tensor operator*(const Tensor& a, double b);
Tensor operator*(double a, const Tensor& b);
Tensor operator/(const Tensor& a, double b);
Tensor operator/(double a, const Tensor& b);
Tensor operator-(const Tensor& x);

Tensor exp(const Tensor& x);
Tensor log(const Tensor& x);
Tensor sqrt(const Tensor& x);
Tensor square(const Tensor& x);
Tensor pow(const Tensor& x, double exponent);
Tensor abs(const Tensor& x);

Tensor sigmoid(const Tensor& x);
Tensor tanh(const Tensor& x);
Tensor relu(const Tensor& x);
Tensor leaky_relu(const Tensor& x, double slope);
Tensor softplus(const Tensor& x);
Tensor gelu(const Tensor& x);

Tensor matmul(const Tensor& a, const Tensor& b);
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias);

Tensor sum(const Tensor& x);
Tensor sum(const Tensor& x, std::ptrdiff_t axis, bool keepdims);
Tensor mean(const Tensor& x);
Tensor mean(const Tensor& x, std::ptrdiff_t axis, bool keepdims);
Tensor max(const Tensor& x, std::ptrdiff_t axis, bool keepdims);

Tensor reshape(const Tensor& x, const Shape& shape);
Tensor transpose(const Tensor& x, std::ptrdiff_t a, std::ptrdiff_t b);
Tensor concatenate(const std::vector<Tensor>& operands, std::ptrdiff_t axis);
Tensor slice(const Tensor& x, std::ptrdiff_t begin, std::ptrdiff_t end, std::ptrdiff_t axis);
Tensor gather(const Tensor& x, const std::vector<int>& rows);

Tensor softmax(const Tensor& x);
Tensor log_softmax(const Tensor& x);

Tensor softmax_cross_entropy(const Tensor& logits, const std::vector<int>& labels,
                             Reduction reduction);
Tensor softmax_cross_entropy(const Tensor& logits, const Tensor& targets, Reduction reduction);
Tensor mse(const Tensor& prediction, const Tensor& target, Reduction reduction);

/// With a rate of 0 or 1, which need no random numbers.
Tensor dropout(const Tensor& x, double rate, Rng&);

}  // namespace xtape::plain
