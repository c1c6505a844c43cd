#include "autograd/ops/shaping.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <utility>

#include "autograd/define.hpp"
#include "autograd/ops/keep_axes.hpp"
#include "tensor/kernels/rearrange.hpp"

namespace xtape {

Extents::Extents(const Shape& shape) {
  for (const std::size_t extent : shape) {
    require<ShapeError>(std::in_range<std::ptrdiff_t>(extent), "reshape: {} is too large", shape);
    extents_.push_back(static_cast<std::ptrdiff_t>(extent));
  }
}

Shape Extents::resolve(const Shape& from) const {
  const std::size_t count = element_count(from, "reshape");
  Shape shape;
  std::size_t inferred = extents_.size();
  bool valid = true;
  for (std::size_t axis = 0; axis < extents_.size(); ++axis) {
    if (extents_[axis] == -1) {
      valid = valid && inferred == extents_.size();
      inferred = axis;
    }
    valid = valid && extents_[axis] >= -1;
    shape.push_back(extents_[axis] < 0 ? 1 : static_cast<std::size_t>(extents_[axis]));
  }
  if (valid && inferred < shape.size()) {
    const std::size_t others = element_count(shape, "reshape");
    valid = others != 0 && count % others == 0;
    shape[inferred] = valid ? count / others : 0;
  }
  if (!valid || element_count(shape, "reshape") != count) {
    std::string wanted;
    for (const std::ptrdiff_t extent : extents_) {
      wanted += fmt::format("{}{}", wanted.empty() ? "" : ", ", extent);
    }
    fail<ShapeError>("reshape: the {} elements of {} do not fill ({})", count, from, wanted);
  }
  return shape;
}

template <class T>
Variable<T> reshape(Variable<T> x, const Extents& extents) {
  const Shape shape = extents.resolve(x.shape());
  return define(
      "reshape", {x},
      [&](Array<T>& y) {
        resize(y, shape);
        std::copy_n(x.value().data(), y.size(), y.data());
      },
      [](auto y, Array<T>& dx, T beta) {
        copy_rows(1, dx.size(), y.grad().data(), 0, beta, dx.data(), 0);
      });
}

template <class T>
Variable<T> transpose(Variable<T> x, std::ptrdiff_t axis_a, std::ptrdiff_t axis_b) {
  const std::size_t a = normalize_axis("transpose", axis_a, x.shape());
  const std::size_t b = normalize_axis("transpose", axis_b, x.shape());
  return define(
      {"transpose", {{"axis", a}, {"other", b}}}, {x},
      [=](Array<T>& y) {
        Shape shape = x.shape();
        std::swap(shape[a], shape[b]);
        resize(y, shape);
        swap_axes(x.value(), a, b, T(0), y);
      },
      [=](auto y, Array<T>& dx, T beta) { swap_axes(y.grad(), a, b, beta, dx); });
}

template <class T>
Variable<T> flip(Variable<T> x, const Axes& axes) {
  const std::uint64_t mask = axes.mask("flip", x.shape());
  return define(
      {"flip", {{"axes", detail::keep_axes(x.tape(), mask)}}}, {x},
      [=](Array<T>& y) {
        resize(y, x.shape());
        reverse_axes(x.value(), mask, T(0), y);
      },
      [=](auto y, Array<T>& dx, T beta) { reverse_axes(y.grad(), mask, beta, dx); });
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
    T* part = y.data();
    for (const Variable<T>& operand : operands) {
      const std::size_t width = part_of(operand.value().size(), outer);
      copy_rows(outer, width, operand.value().data(), width, T(0), part, part_of(y.size(), outer));
      part += width;
    }
  };
  return tape.record({op, {{"axis", axis}}}, operands, forward, [=](Variable<T> y) {
    const T* part = y.grad().data();
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

template <class T>
Variable<T> slice(Variable<T> x, std::ptrdiff_t begin, std::ptrdiff_t end,
                  std::ptrdiff_t axis_from_either) {
  const std::size_t axis = normalize_axis("slice", axis_from_either, x.shape());
  const auto extent = static_cast<std::ptrdiff_t>(x.shape()[axis]);
  const std::ptrdiff_t first = begin < 0 ? begin + extent : begin;
  const std::ptrdiff_t last = end < 0 ? end + extent : end;
  require<ShapeError>(0 <= first && first <= last && last <= extent,
                      "slice: [{}, {}) is not within axis {} of {}", begin, end, axis, x.shape());
  const auto offset = static_cast<std::size_t>(first);
  const auto length = static_cast<std::size_t>(last - first);
  return define(
      {"slice", {{"begin", first}, {"end", last}, {"axis", axis}}}, {x},
      [=](Array<T>& y) {
        Shape shape = x.shape();
        shape[axis] = length;
        resize(y, shape);
        if (y.size() == 0) {
          return;
        }
        const AxisBlocks blocks = blocks_around(x.shape(), axis);
        copy_rows(blocks.outer, length * blocks.inner, x.value().data() + offset * blocks.inner,
                  blocks.extent * blocks.inner, T(0), y.data(), length * blocks.inner);
      },
      [=](auto y, Array<T>& dx, T beta) {
        if (beta == T(0)) {
          dx.fill(T(0));
        }
        if (dx.size() == 0) {
          return;
        }
        const AxisBlocks blocks = blocks_around(dx.shape(), axis);
        copy_rows(blocks.outer, length * blocks.inner, y.grad().data(), length * blocks.inner, T(1),
                  dx.data() + offset * blocks.inner, blocks.extent * blocks.inner);
      });
}

template <class T>
Variable<T> gather(Variable<T> x, Indices rows) {
  require<ShapeError>(!x.shape().empty(), "gather: a scalar has no rows");
  const std::size_t count = x.shape()[0];
  require<ShapeError>(count <= 0xFFFFFFFFu, "gather: {} has too many rows to index", x.shape());
  const auto kept = x.tape().template keep<std::uint32_t>(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    require<ValueError>(rows[i] >= 0 && static_cast<std::uint64_t>(rows[i]) < count,
                        "gather: row {} at position {} is not one of the {} rows of {}",
                        rows.text(i), i, count, x.shape());
    kept[i] = static_cast<std::uint32_t>(rows[i]);
  }
  return define(
      {"gather", {{"rows", kept}}}, {x},
      [=](Array<T>& y) {
        Shape shape = x.shape();
        shape[0] = kept.size();
        resize(y, shape, "gather");
        gather_rows(x.value(), std::span<const std::uint32_t>(kept), y);
      },
      [=](auto y, Array<T>& dx, T beta) {
        if (beta == T(0)) {
          dx.fill(T(0));
        }
        scatter_add_rows(y.grad(), std::span<const std::uint32_t>(kept), dx);
      });
}

#define XTAPE_INSTANTIATE(T)                                                               \
  template Variable<T> reshape(Variable<T>, const Extents&);                               \
  template Variable<T> transpose(Variable<T>, std::ptrdiff_t, std::ptrdiff_t);             \
  template Variable<T> flip(Variable<T>, const Axes&);                                     \
  template Variable<T> concatenate(std::span<const Variable<T>>, std::ptrdiff_t);          \
  template Variable<T> stack(std::span<const Variable<T>>, std::ptrdiff_t);                \
  template Variable<T> slice(Variable<T>, std::ptrdiff_t, std::ptrdiff_t, std::ptrdiff_t); \
  template Variable<T> gather(Variable<T>, Indices)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
