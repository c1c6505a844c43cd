#include <cmath>

#include "tests/ops/plain.hpp"

/// Plain twins of the ops that normalise.

namespace xtape::plain {
namespace {

Tensor inverse_root(const Tensor& x) {
  return each(
      x,
      [](const double* a, double* y, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
          y[i] = 1 / std::sqrt(a[i]);
        }
      },
      [](const double*, const double* y, double* slope, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
          slope[i] = -y[i] * y[i] * y[i] / 2;
        }
      });
}

List list_of(const Shape& shape) { return {shape.begin(), shape.end()}; }

/// Normalises over the axes 1 and 3 of x, seen in this shape.
Tensor normalized(const Tensor& x, const List& shape, const Optional& weight, const Optional& bias,
                  double epsilon) {
  Tensor y = x;
  if (!x.elements.empty()) {
    const Tensor blocks = reshape(x, shape);
    const Tensor differences = blocks - mean(blocks, {1, 3}, true);
    const Tensor variance = mean(differences * differences, {1, 3}, true);
    y = reshape(differences * inverse_root(variance + leaf(Shape{}, {epsilon})), list_of(x.shape));
  }
  y = weight ? y * *weight : y;
  return bias ? y + *bias : y;
}

std::ptrdiff_t last(const Tensor& x) { return static_cast<std::ptrdiff_t>(x.shape.back()); }

}  // namespace

Tensor batch_norm(const Tensor& x, const Optional& weight, const Optional& bias, double epsilon) {
  return normalized(x, {1, -1, last(x), 1}, weight, bias, epsilon);
}

Tensor layer_norm(const Tensor& x, const Optional& weight, const Optional& bias, double epsilon,
                  std::size_t axes) {
  const std::ptrdiff_t size = axes == 1 ? last(x) : last(x) * list_of(x.shape).rbegin()[1];
  return normalized(x, {-1, 1, 1, size}, weight, bias, epsilon);
}

Tensor group_norm(const Tensor& x, std::size_t groups, const Optional& weight, const Optional& bias,
                  double epsilon) {
  const auto count = static_cast<std::ptrdiff_t>(groups);
  const auto samples = static_cast<std::ptrdiff_t>(x.shape[0]);
  return normalized(x, {samples, -1, count, last(x) / count}, weight, bias, epsilon);
}

}  // namespace xtape::plain
