#include "autograd/ops/reductions.hpp"

#include <cmath>

#include "autograd/record.hpp"
#include "tensor/kernels/rearrange.hpp"
#include "tensor/kernels/reduce.hpp"

namespace xtape {
namespace {

/// y = scale * the sum of x over the axes in `mask`.
template <class T>
Variable<T> scaled_sum(const char* op, Variable<T> x, std::uint64_t mask, T scale, bool keepdims) {
  return record(
      op, {x},
      [=](Array<T>& y) {
        resize(y, reduced_shape(x.shape(), mask, keepdims), op);
        reduce_sum(x.value(), mask, scale, T(0), y.data());
      },
      [=](Variable<T> y) {
        accumulate(x,
                   [=](Array<T>& dx, T beta) { stretch(y.grad().data(), mask, scale, beta, dx); });
      });
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

template <class T>
Variable<T> max(Variable<T> x, std::ptrdiff_t axis_from_either, bool keepdims) {
  const std::size_t axis = normalize_axis("max", axis_from_either, x.shape());
  require<ShapeError>(x.shape()[axis] > 0, "max: axis {} of {} is empty", axis, x.shape());
  return record(
      "max", {x},
      [=](Array<T>& y) {
        resize(y, reduced_shape(x.shape(), std::uint64_t{1} << axis, keepdims), "max");
        const AxisBlocks blocks = blocks_around(x.shape(), axis);
        reduce_max(x.value().data(), blocks.outer, blocks.extent, blocks.inner, y.data());
      },
      [=](Variable<T> y) {
        accumulate(x, [=](Array<T>& dx, T beta) {
          if (beta == T(0)) {
            dx.fill(T(0));
          }
          const AxisBlocks blocks = blocks_around(dx.shape(), axis);
          const T *values = x.value().data(), *largest = y.value().data(), *dy = y.grad().data();
          for (std::size_t i = 0; i < blocks.outer * blocks.inner; ++i) {
            std::size_t place = i / blocks.inner * blocks.extent * blocks.inner + i % blocks.inner;
            std::size_t a = 0;
            while (a < blocks.extent && values[place] != largest[i] && !std::isnan(values[place])) {
              place += blocks.inner;
              ++a;
            }
            require<TapeError>(a < blocks.extent, "max: its input changed after it was recorded");
            dx.data()[place] += dy[i];
          }
        });
      });
}

#define XTAPE_INSTANTIATE(T)                                 \
  template Variable<T> sum(Variable<T>, const Axes&, bool);  \
  template Variable<T> mean(Variable<T>, const Axes&, bool); \
  template Variable<T> max(Variable<T>, std::ptrdiff_t, bool)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
