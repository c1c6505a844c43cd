#include "autograd/ops/reductions.hpp"

#include <bit>
#include <cmath>
#include <functional>
#include <numeric>

#include "autograd/define.hpp"
#include "autograd/ops/keep_axes.hpp"
#include "tensor/kernels/rearrange.hpp"
#include "tensor/kernels/reduce.hpp"

namespace xtape {
namespace {

/// Records y = scale * (the sum of x over the axes in `mask`).
template <class T>
Variable<T> scaled_sum(const char* op, Variable<T> x, std::uint64_t mask, T scale, bool keepdims) {
  return define(
      {op, {{"axes", detail::keep_axes(x.tape(), mask)}}}, {x},
      [=](Array<T>& y) {
        resize(y, reduced_shape(x.shape(), mask, keepdims), op);
        reduce_sum(x.value(), mask, scale, T(0), y.data());
      },
      [=](auto y, Array<T>& dx, T beta) { stretch(y.grad().data(), mask, scale, beta, dx); });
}

std::size_t count_of(const Shape& shape, std::uint64_t mask) {
  std::size_t count = 1;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    count *= (mask >> axis & 1) != 0 ? shape[axis] : 1;
  }
  return count;
}

}  // namespace

template <class T>
Variable<T> sum(Variable<T> x, const Axes& axes, bool keepdims) {
  return scaled_sum("sum", x, axes.mask("sum", x.shape()), T(1), keepdims);
}

template <class T>
Variable<T> mean(Variable<T> x, const Axes& axes, bool keepdims) {
  const std::uint64_t mask = axes.mask("mean", x.shape());
  const std::size_t count = count_of(x.shape(), mask);
  require<ShapeError>(count > 0, "mean: {} has no elements to average", x.shape());
  return scaled_sum("mean", x, mask, T(1) / static_cast<T>(count), keepdims);
}

namespace {

template <class T>
using Kernel = void (*)(const T*, std::size_t, std::size_t, std::size_t, T*);

/// A run of neighbouring axes, [first, last). The array is seen as outer x extent x inner around
/// it.
struct Run {
  std::size_t first, last;

  std::uint64_t mask() const { return (std::uint64_t{1} << last) - (std::uint64_t{1} << first); }
  AxisBlocks blocks(const Shape& shape) const {
    const auto count = [&](std::size_t begin, std::size_t end) {
      return std::accumulate(shape.begin() + static_cast<std::ptrdiff_t>(begin),
                             shape.begin() + static_cast<std::ptrdiff_t>(end), std::size_t{1},
                             std::multiplies<>());
    };
    return {count(0, first), count(first, last), count(last, shape.size())};
  }
};

/// Returns the last run of neighbouring axes in `mask`. For an empty mask, it is an empty run at
/// the front.
Run last_run(std::uint64_t mask) {
  const auto last = static_cast<std::size_t>(std::bit_width(mask));
  std::size_t first = last;
  while (first > 0 && (mask >> (first - 1) & 1) != 0) {
    --first;
  }
  return {first, last};
}

/// Adds dy(o, i) to dx(o, a, i) for the first a where x is y, or NaN.
template <class T>
void add_at_first(const char* op, Variable<T> x, Variable<T> y, const AxisBlocks& blocks,
                  Array<T>& dx) {
  const T *values = x.value().data(), *chosen = y.value().data(), *dy = y.grad().data();
  for (std::size_t i = 0; i < blocks.outer * blocks.inner; ++i) {
    std::size_t place = i / blocks.inner * blocks.extent * blocks.inner + i % blocks.inner;
    std::size_t a = 0;
    while (a < blocks.extent && values[place] != chosen[i] && !std::isnan(values[place])) {
      place += blocks.inner;
      ++a;
    }
    require<TapeError>(a < blocks.extent, "{}: its input changed after it was recorded", op);
    dx.data()[place] += dy[i];
  }
}

/// Reduces x over one run of axes. y gets `shape`.
template <class T>
Variable<T> extreme_of_run(const char* op, Kernel<T> kernel, Variable<T> x, Run run,
                           const Shape& shape) {
  return define(
      {op, {{"axes", detail::keep_axes(x.tape(), run.mask())}}}, {x},
      [&](Array<T>& y) {
        resize(y, shape, op);
        const AxisBlocks blocks = run.blocks(x.shape());
        kernel(x.value().data(), blocks.outer, blocks.extent, blocks.inner, y.data());
      },
      [=](auto y, Array<T>& dx, T beta) {
        if (beta == T(0)) {
          dx.fill(T(0));
        }
        add_at_first(op, x, y, run.blocks(dx.shape()), dx);
      });
}

/// Reduces x over the axes in `mask`, one run of neighbours after the other. It begins with the
/// last run. So the first of equal elements in row-major order is the first in each run.
template <class T>
Variable<T> extreme_of_runs(const char* op, Kernel<T> kernel, Variable<T> x, std::uint64_t mask,
                            const Shape& shape) {
  const Run run = last_run(mask);
  const std::uint64_t before = mask & ((std::uint64_t{1} << run.first) - 1);
  if (before == 0) {
    return extreme_of_run(op, kernel, x, run, shape);
  }
  const Shape kept = reduced_shape(x.shape(), mask ^ before, true);
  return extreme_of_runs(op, kernel, extreme_of_run(op, kernel, x, run, kept), before, shape);
}

template <class T>
Variable<T> extreme(const char* op, Kernel<T> kernel, Variable<T> x, const Axes& axes,
                    bool keepdims) {
  const std::uint64_t mask = axes.mask(op, x.shape());
  for (std::size_t axis = 0; axis < x.shape().size(); ++axis) {
    require<ShapeError>((mask >> axis & 1) == 0 || x.shape()[axis] > 0,
                        "{}: axis {} of {} is empty", op, axis, x.shape());
  }
  const Shape shape = reduced_shape(x.shape(), mask, keepdims);
  return compose(x.tape(), [&] { return extreme_of_runs(op, kernel, x, mask, shape); });
}

}  // namespace

template <class T>
Variable<T> max(Variable<T> x, const Axes& axes, bool keepdims) {
  return extreme<T>("max", reduce_max, x, axes, keepdims);
}

template <class T>
Variable<T> min(Variable<T> x, const Axes& axes, bool keepdims) {
  return extreme<T>("min", reduce_min, x, axes, keepdims);
}

#define XTAPE_INSTANTIATE(T)                                 \
  template Variable<T> sum(Variable<T>, const Axes&, bool);  \
  template Variable<T> mean(Variable<T>, const Axes&, bool); \
  template Variable<T> max(Variable<T>, const Axes&, bool);  \
  template Variable<T> min(Variable<T>, const Axes&, bool)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
