#include "autograd/ops/shaping.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <utility>

#include "autograd/ops/keep_axes.hpp"
#include "autograd/ops/moved.hpp"

namespace xtape {

namespace {

/// Records x with another shape of as many elements.
template <class T>
Variable<T> reshaped(Variable<T> x, const Shape& shape) {
  return define(
      "reshape", {x},
      [&](Array<T>& y) {
        resize(y, shape);
        copy_rows(1, y.size(), x.value().data(), 0, T(0), y.data(), 0);
      },
      [](auto y, Array<T>& dx, T beta) {
        copy_rows(1, dx.size(), y.grad().data(), 0, beta, dx.data(), 0);
      });
}

}  // namespace

template <class T>
Variable<T> reshape(Variable<T> x, const Extents& extents) {
  return reshaped(x, extents.resolve(x.shape()));
}

template <class T>
Variable<T> squeeze(Variable<T> x, const Axes& axes) {
  std::uint64_t mask = axes.mask("squeeze", x.shape());
  for (std::size_t axis = 0; axis < x.shape().size(); ++axis) {
    if (x.shape()[axis] != 1) {
      require<ShapeError>(axes.are_all() || (mask >> axis & 1) == 0,
                          "squeeze: axis {} of {} has the extent {}, expected 1", axis, x.shape(),
                          x.shape()[axis]);
      mask &= ~(std::uint64_t{1} << axis);
    }
  }
  return reshaped(x, reduced_shape(x.shape(), mask, false));
}

template <class T>
Variable<T> unsqueeze(Variable<T> x, std::ptrdiff_t axis_from_either) {
  Shape shape = x.shape();
  shape.push_back(1);
  const std::size_t axis = normalize_axis("unsqueeze", axis_from_either, shape);
  std::rotate(shape.begin() + static_cast<std::ptrdiff_t>(axis), shape.end() - 1, shape.end());
  return reshaped(x, shape);
}

template <class T>
Variable<T> broadcast_to(Variable<T> x, const Extents& extents) {
  const Shape shape = extents.broadcast(x.shape());
  return define(
      "broadcast_to", {x},
      [&](Array<T>& y) {
        resize(y, shape, "broadcast_to");
        assign_into(y, x.value(), "broadcast_to");
      },
      [](auto y) -> const auto& { return y.grad(); });
}

namespace {

/// Records x with its axes in another order.
template <class T>
Variable<T> permuted(const Operation& op, Variable<T> x, const Shape& axes) {
  Shape shape = x.shape();
  for (std::size_t i = 0; i < axes.size(); ++i) {
    shape[i] = x.shape()[axes[i]];
  }
  const auto loops = detail::keep_loops(x.tape(), shape);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    loops[i].in_step = detail::step_along(x.shape(), axes[i]);
  }
  return detail::move_elements<T>(op, x, shape, loops);
}

}  // namespace

template <class T>
Variable<T> permute(Variable<T> x, const Axes& axes) {
  const Shape order = axes.list("permute", x.shape());
  require<ShapeError>(order.size() == x.shape().size(),
                      "permute: {} axes are named, expected each of the {} of {}", order.size(),
                      x.shape().size(), x.shape());
  const auto kept = x.tape().template keep<std::uint32_t>(order.size());
  std::transform(order.begin(), order.end(), kept.begin(),
                 [](std::size_t axis) { return static_cast<std::uint32_t>(axis); });
  return permuted<T>({"permute", {{"axes", kept}}}, x, order);
}

template <class T>
Variable<T> transpose(Variable<T> x, std::ptrdiff_t axis_a, std::ptrdiff_t axis_b) {
  const std::size_t a = normalize_axis("transpose", axis_a, x.shape());
  const std::size_t b = normalize_axis("transpose", axis_b, x.shape());
  Shape order = Axes::all().list("transpose", x.shape());
  std::swap(order[a], order[b]);
  return permuted<T>({"transpose", {{"axis", a}, {"other", b}}}, x, order);
}

template <class T>
Variable<T> flip(Variable<T> x, const Axes& axes) {
  const std::uint64_t mask = axes.mask("flip", x.shape());
  const auto loops = detail::keep_loops(x.tape(), x.shape());
  std::size_t last = 0;
  for (std::size_t axis = 0; axis < loops.size(); ++axis) {
    if ((mask >> axis & 1) != 0 && x.value().size() > 0) {
      last += (loops[axis].count - 1) * static_cast<std::size_t>(loops[axis].in_step);
      loops[axis].in_step *= -1;
    }
  }
  return detail::move_elements<T>({"flip", {{"axes", detail::keep_axes(x.tape(), mask)}}}, x,
                                  x.shape(), loops, last);
}

namespace {

/// Returns the shape of the operands concatenated along `axis`.
template <class T>
Shape concatenated_shape(std::span<const Variable<T>> operands, std::size_t axis) {
  Shape shape = operands.front().shape();
  for (const Variable<T>& operand : operands.subspan(1)) {
    Shape expected = shape;
    if (operand.shape().size() == shape.size()) {
      expected[axis] = operand.shape()[axis];
    }
    require<ShapeError>(same_shape(operand.shape(), expected),
                        "concatenate: {} and {} do not fit along axis {}", operands.front().shape(),
                        operand.shape(), axis);
    require<ShapeError>(
        operand.shape()[axis] <= std::numeric_limits<std::size_t>::max() - shape[axis],
        "concatenate: axis {} is longer than can be counted", axis);
    shape[axis] += operand.shape()[axis];
  }
  return shape;
}

/// The size of one of `count` equal parts.
std::size_t part_of(std::size_t size, std::size_t count) { return count == 0 ? 0 : size / count; }

/// The number of elements before `axis`.
std::size_t count_before(const Shape& shape, std::size_t axis) {
  return std::accumulate(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(axis),
                         std::size_t{1}, std::multiplies<>());
}

/// Writes operands one after the other along `axis`: in turn, an equal part of each of them.
template <class T>
Variable<T> join(const char* op, std::span<const Variable<T>> operands, const Shape& shape,
                 std::size_t axis) {
  const std::size_t outer = count_before(shape, axis);
  Tape<T>& tape = operands.front().tape();
  const std::span<Variable<T>> kept = tape.template keep<Variable<T>>(operands.size());
  std::uninitialized_copy(operands.begin(), operands.end(), kept.begin());
  const auto forward = [&](Array<T>& y) {
    resize(y, shape, op);
    auto part = y.data();
    for (const Variable<T>& operand : operands) {
      const std::size_t width = part_of(operand.value().size(), outer);
      copy_rows(outer, width, operand.value().data(), width, T(0), part, part_of(y.size(), outer));
      part += width;
    }
  };
  return tape.record({op, {{"axis", axis}}}, operands, forward, [=](Variable<T> y) {
    auto part = y.grad().data();
    for (const Variable<T>& operand : kept) {
      const std::size_t width = part_of(operand.value().size(), outer);
      accumulate(operand, [=](Array<T>& grad, T beta) {
        copy_rows(outer, width, part, part_of(y.grad().size(), outer), beta, grad.data(), width);
      });
      part += width;
    }
  });
}

}  // namespace

template <class T>
Variable<T> concatenate(std::span<const Variable<T>> operands, std::ptrdiff_t axis_from_either) {
  require<ShapeError>(!operands.empty(), "concatenate: expected at least one operand, got none");
  require<ShapeError>(!operands.front().shape().empty(),
                      "concatenate: '{}' is a scalar, which has no axis: use stack",
                      operands.front().op());
  const std::size_t axis =
      normalize_axis("concatenate", axis_from_either, operands.front().shape());
  const Shape shape = concatenated_shape(operands, axis);
  return join("concatenate", operands, shape, axis);
}

template <class T>
Variable<T> stack(std::span<const Variable<T>> operands, std::ptrdiff_t axis_from_either) {
  require<ShapeError>(!operands.empty(), "stack: expected at least one operand, got none");
  Shape shape = operands.front().shape();
  for (const Variable<T>& operand : operands) {
    require<ShapeError>(same_shape(operand.shape(), shape), "stack: {} and {} differ", shape,
                        operand.shape());
  }
  shape.push_back(operands.size());
  const std::size_t axis = normalize_axis("stack", axis_from_either, shape);
  std::rotate(shape.begin() + static_cast<std::ptrdiff_t>(axis), shape.end() - 1, shape.end());
  return join("stack", operands, shape, axis);
}

#define XTAPE_INSTANTIATE(T)                                                      \
  template Variable<T> reshape(Variable<T>, const Extents&);                      \
  template Variable<T> squeeze(Variable<T>, const Axes&);                         \
  template Variable<T> unsqueeze(Variable<T>, std::ptrdiff_t);                    \
  template Variable<T> broadcast_to(Variable<T>, const Extents&);                 \
  template Variable<T> permute(Variable<T>, const Axes&);                         \
  template Variable<T> transpose(Variable<T>, std::ptrdiff_t, std::ptrdiff_t);    \
  template Variable<T> flip(Variable<T>, const Axes&);                            \
  template Variable<T> concatenate(std::span<const Variable<T>>, std::ptrdiff_t); \
  template Variable<T> stack(std::span<const Variable<T>>, std::ptrdiff_t)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
