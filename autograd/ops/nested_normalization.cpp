#include <cmath>

#include "autograd/ops/arithmetic.hpp"
#include "autograd/ops/math.hpp"
#include "autograd/ops/normalization.hpp"
#include "autograd/ops/reductions.hpp"
#include "autograd/ops/shaping.hpp"
#include "autograd/record.hpp"

/// @file
/// Normalisations of Dual numbers of Dual numbers. They are made of other ops, and of the same
/// numbers to rounding.

namespace xtape {
namespace {

using Nested = Dual<Dual<double>>;
using Number = Variable<Nested>;

/// The numbers of a sample that are normalised together are those of one group of channels.
struct Groups {
  std::size_t samples, positions, groups;
};

void require_operand(const char* op, const char* what, const OptionalVariable<Nested>& operand,
                     Number x, const Shape& expected) {
  require<ShapeError>(!operand || same_shape(operand->shape(), expected),
                      "{}: expected a {} {} for {}, got {}", op, what, expected, x.shape(),
                      operand ? operand->shape() : Shape{});
}

Number normalized(const char* op, Number x, const OptionalVariable<Nested>& weight,
                  const OptionalVariable<Nested>& bias, const Shape& parameters, const Groups& of,
                  double epsilon) {
  require_operand(op, "weight", weight, x, parameters);
  require_operand(op, "bias", bias, x, parameters);
  require<ValueError>(std::isfinite(epsilon) && epsilon >= 0,
                      "{}: expected an epsilon of at least 0, got {}", op, epsilon);
  return compose(x.tape(), [&] {
    Number y = x;
    if (x.value().size() > 0) {
      const std::size_t width = x.value().size() / (of.samples * of.positions * of.groups);
      const Number blocks = reshape(x, Shape{of.samples, of.positions, of.groups, width});
      const Number apart = blocks - mean(blocks, {1, 3}, true);
      const Number deviation = sqrt(mean(square(apart), {1, 3}, true) + epsilon);
      y = reshape(apart / deviation, x.shape());
    }
    if (weight) {
      y = y * *weight;
    }
    return bias ? y + *bias : y;
  });
}

/// Returns the positions of (batch, positions..., channels).
std::size_t positions_of(const char* op, const Shape& shape) {
  require<ShapeError>(shape.size() >= 2 && shape.back() > 0,
                      "{}: expected (batch, ..., channels) with at least one channel, got {}", op,
                      shape);
  std::size_t positions = 1;
  for (std::size_t axis = 1; axis + 1 < shape.size(); ++axis) {
    positions *= shape[axis];
  }
  return positions;
}

}  // namespace

template <>
Number batch_norm(Number x, OptionalVariable<Nested> weight, OptionalVariable<Nested> bias,
                  double epsilon) {
  const char* op = "batch_norm";
  const std::size_t count = positions_of(op, x.shape()) * x.shape()[0];
  require<ShapeError>(count >= 2, "{}: expected at least 2 values for each channel, got {} in {}",
                      op, count, x.shape());
  const std::size_t channels = x.shape().back();
  return normalized(op, x, weight, bias, Shape{channels}, {1, count, channels}, epsilon);
}

template <>
detail::MeasuredBatch<Nested> detail::measured_batch_norm(Number x, OptionalVariable<Nested> weight,
                                                          OptionalVariable<Nested> bias,
                                                          double epsilon) {
  const Number y = batch_norm(x, weight, bias, epsilon);
  const std::size_t channels = x.shape().back(), count = x.value().size() / channels;
  const std::span<double> means = x.tape().template keep<double>(channels);
  const std::span<double> variances = x.tape().template keep<double>(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    double sum = 0, squares = 0;
    const auto number = [&](std::size_t i) { return value_of(Nested(x.value().data()[i])); };
    for (std::size_t i = c; i < x.value().size(); i += channels) {
      sum += number(i) / static_cast<double>(count);
    }
    for (std::size_t i = c; i < x.value().size(); i += channels) {
      squares += (number(i) - sum) * (number(i) - sum);
    }
    means[c] = sum;
    variances[c] = squares / static_cast<double>(count - 1);
  }
  return {y, means, variances};
}

template <>
Number layer_norm(Number x, OptionalVariable<Nested> weight, OptionalVariable<Nested> bias,
                  double epsilon, std::size_t axes) {
  const Shape& shape = x.shape();
  require<ShapeError>(axes > 0 && axes <= shape.size(), "layer_norm: {} has no {} last axes", shape,
                      axes);
  const Shape parameters(shape.end() - static_cast<std::ptrdiff_t>(axes), shape.end());
  std::size_t samples = 1;
  for (std::size_t axis = 0; axis < shape.size() - axes; ++axis) {
    samples *= shape[axis];
  }
  return normalized("layer_norm", x, weight, bias, parameters, {samples, 1, 1}, epsilon);
}

template <>
Number group_norm(Number x, std::size_t groups, OptionalVariable<Nested> weight,
                  OptionalVariable<Nested> bias, double epsilon) {
  const char* op = "group_norm";
  const std::size_t positions = positions_of(op, x.shape()), channels = x.shape().back();
  require<ShapeError>(groups > 0 && channels % groups == 0,
                      "group_norm: the channels of {} do not form {} equal groups", x.shape(),
                      groups);
  return normalized(op, x, weight, bias, Shape{channels}, {x.shape()[0], positions, groups},
                    epsilon);
}

}  // namespace xtape
