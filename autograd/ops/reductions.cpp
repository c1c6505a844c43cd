#include "autograd/ops/reductions.hpp"

#include <bit>
#include <cmath>
#include <functional>
#include <numeric>

#include "autograd/define.hpp"
#include "autograd/ops/arithmetic.hpp"
#include "autograd/ops/keep_axes.hpp"
#include "autograd/ops/math.hpp"
#include "tensor/elementwise.hpp"
#include "tensor/kernels/logsumexp.hpp"
#include "tensor/kernels/rearrange.hpp"
#include "tensor/kernels/reduce.hpp"
#include "tensor/scratch.hpp"

namespace xtape {
namespace {

/// Records y = scale * (the sum of x over the axes in `mask`).
template <class T>
Variable<T> scaled_sum(const char* op, Variable<T> x, std::uint64_t mask, Real<T> scale,
                       bool keepdims) {
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
  return scaled_sum("sum", x, axes.mask("sum", x.shape()), 1, keepdims);
}

template <class T>
Variable<T> mean(Variable<T> x, const Axes& axes, bool keepdims) {
  const std::uint64_t mask = axes.mask("mean", x.shape());
  const std::size_t count = count_of(x.shape(), mask);
  require<ShapeError>(count > 0, "mean: {} has no elements to average", x.shape());
  return scaled_sum("mean", x, mask, 1 / static_cast<Real<T>>(count), keepdims);
}

namespace {

/// A reduction of outer x extent x inner elements along the extent.
template <class T>
struct RunReduction {
  const char* op;

  /// Computes the outer x inner results.
  void (*reduce)(typename Storage<T>::const_pointer, std::size_t, std::size_t, std::size_t,
                 typename Storage<T>::pointer);

  /// Adds to dx what the gradient of y gives it.
  void (*add_gradient)(Variable<T> x, Variable<T> y, const AxisBlocks& blocks, Array<T>& dx);
};

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

/// Reduces x over one run of axes. y gets `shape`.
template <class T>
Variable<T> over_run(const RunReduction<T>& by, Variable<T> x, Run run, const Shape& shape) {
  return define(
      {by.op, {{"axes", detail::keep_axes(x.tape(), run.mask())}}}, {x},
      [&](Array<T>& y) {
        resize(y, shape, by.op);
        const AxisBlocks blocks = run.blocks(x.shape());
        by.reduce(x.value().data(), blocks.outer, blocks.extent, blocks.inner, y.data());
      },
      [=, add_gradient = by.add_gradient](auto y, Array<T>& dx, T beta) {
        if (beta == T(0)) {
          dx.fill(T(0));
        }
        add_gradient(x, y, run.blocks(dx.shape()), dx);
      });
}

/// Reduces x over the axes in `mask`, one run of neighbours after the other. It begins with the
/// last run. So the first of equal elements in row-major order is the first in each run.
template <class T>
Variable<T> over_runs(const RunReduction<T>& by, Variable<T> x, std::uint64_t mask,
                      const Shape& shape) {
  const Run run = last_run(mask);
  const std::uint64_t before = mask & ((std::uint64_t{1} << run.first) - 1);
  if (before == 0) {
    return over_run(by, x, run, shape);
  }
  const Shape kept = reduced_shape(x.shape(), mask ^ before, true);
  return over_runs(by, over_run(by, x, run, kept), before, shape);
}

template <class T>
Variable<T> reduced(const RunReduction<T>& by, Variable<T> x, std::uint64_t mask, bool keepdims) {
  const Shape shape = reduced_shape(x.shape(), mask, keepdims);
  return compose(x.tape(), [&] { return over_runs(by, x, mask, shape); });
}

/// Adds dy(o, i) to dx(o, a, i) for the first a where x is y, or NaN.
template <class T>
void add_at_first(Variable<T> x, Variable<T> y, const AxisBlocks& blocks, Array<T>& dx) {
  using std::isnan;
  const auto values = x.value().data(), chosen = y.value().data(), dy = y.grad().data();
  const auto slopes = dx.data();
  for (std::size_t i = 0; i < blocks.outer * blocks.inner; ++i) {
    std::size_t place = i / blocks.inner * blocks.extent * blocks.inner + i % blocks.inner;
    std::size_t a = 0;
    while (a < blocks.extent && !(value_of(values[place]) == value_of(chosen[i])) &&
           !isnan(values[place])) {
      place += blocks.inner;
      ++a;
    }
    require<TapeError>(a < blocks.extent, "{}: its input changed after it was recorded", y.op());
    slopes[place] += dy[i];
  }
}

template <class T>
Variable<T> extreme(const RunReduction<T>& by, Variable<T> x, const Axes& axes, bool keepdims) {
  const std::uint64_t mask = axes.mask(by.op, x.shape());
  for (std::size_t axis = 0; axis < x.shape().size(); ++axis) {
    require<ShapeError>((mask >> axis & 1) == 0 || x.shape()[axis] > 0,
                        "{}: axis {} of {} is empty", by.op, axis, x.shape());
  }
  return reduced(by, x, mask, keepdims);
}

}  // namespace

template <class T>
Variable<T> max(Variable<T> x, const Axes& axes, bool keepdims) {
  return extreme<T>({"max", reduce_max, add_at_first}, x, axes, keepdims);
}

template <class T>
Variable<T> min(Variable<T> x, const Axes& axes, bool keepdims) {
  return extreme<T>({"min", reduce_min, add_at_first}, x, axes, keepdims);
}

namespace {

/// Adds dy times the product of the other elements. It is the product of those before and those
/// after, because y / x would be NaN for an element of 0.
template <class T>
void add_products(Variable<T> x, Variable<T> y, const AxisBlocks& blocks, Array<T>& dx) {
  const auto& [outer, extent, inner] = blocks;
  T* const after = scratch_elements<T, struct ProductsAfter>(extent);
  for (std::size_t line = 0; line < outer * inner && extent > 0; ++line) {
    const std::size_t first = line / inner * extent * inner + line % inner;
    const auto values = x.value().data() + first;
    const auto slopes = dx.data() + first;
    after[extent - 1] = T(1);
    for (std::size_t a = extent - 1; a > 0; --a) {
      after[a - 1] = after[a] * values[a * inner];
    }
    T before = y.grad().data()[line];
    for (std::size_t a = 0; a < extent; ++a) {
      slopes[a * inner] += before * after[a];
      before *= values[a * inner];
    }
  }
}

template <class T>
void add_softmax(Variable<T> x, Variable<T> y, const AxisBlocks& blocks, Array<T>& dx) {
  add_exp_of_difference(x.value().data(), y.value().data(), y.grad().data(), blocks, dx.data());
}

}  // namespace

template <class T>
Variable<T> prod(Variable<T> x, const Axes& axes, bool keepdims) {
  return reduced<T>({"prod", reduce_product, add_products}, x, axes.mask("prod", x.shape()),
                    keepdims);
}

template <class T>
Variable<T> var(Variable<T> x, const Axes& axes, bool keepdims, std::size_t correction) {
  const std::size_t count = count_of(x.shape(), axes.mask("var", x.shape()));
  require<ShapeError>(count > correction,
                      "var: expected more elements than the correction {}, got {} of {}",
                      correction, count, x.shape());
  const auto degrees = static_cast<Real<T>>(count - correction);
  return compose(x.tape(),
                 [&] { return sum(square(x - mean(x, axes, true)), axes, keepdims) / degrees; });
}

namespace {

/// The square root, with the slope 0 at 0.
struct Root {
  template <class F>
  static constexpr bool takes_registers = true;
  template <class F>
  static F value(const F& x) {
    return detail::call<xt::math::sqrt_fun>(x);
  }
  template <class F>
  static F slope(const F&, const F& y) {
    return detail::chosen(value_of(y) == Real<F>(0), F(0), detail::constant<F>(0.5) / y);
  }
};

}  // namespace

template <class T>
Variable<T> norm(Variable<T> x, const Axes& axes, bool keepdims) {
  return compose(x.tape(), [&] {
    const Variable<T> squares = sum(square(x), axes, keepdims);
    return define("norm", {squares}, elementwise(detail::Smooth<Root>(), squares.value()),
                  [](auto y) {
                    const auto slope = [](T root, T dy) {
                      return value_of(root) == Real<T>(0) ? T(0) : dy / (Real<T>(2) * root);
                    };
                    return elementwise(slope, y.value(), y.grad());
                  });
  });
}

template <class T>
Variable<T> logsumexp(Variable<T> x, const Axes& axes, bool keepdims) {
  return reduced<T>({"logsumexp", reduce_logsumexp, add_softmax}, x,
                    axes.mask("logsumexp", x.shape()), keepdims);
}

template <class T>
Variable<T> cumsum(Variable<T> x, std::ptrdiff_t axis_from_either) {
  const std::size_t axis = normalize_axis("cumsum", axis_from_either, x.shape());
  return define(
      {"cumsum", {{"axis", axis}}}, {x},
      [=](Array<T>& y) {
        resize(y, x.shape());
        const auto [outer, extent, inner] = blocks_around(x.shape(), axis);
        running_sums(x.value().data(), outer, extent, inner, false, T(0), y.data());
      },
      [=](auto y, Array<T>& dx, T beta) {
        const auto [outer, extent, inner] = blocks_around(dx.shape(), axis);
        running_sums(y.grad().data(), outer, extent, inner, true, beta, dx.data());
      });
}

#define XTAPE_INSTANTIATE(T)                                             \
  template Variable<T> sum(Variable<T>, const Axes&, bool);              \
  template Variable<T> mean(Variable<T>, const Axes&, bool);             \
  template Variable<T> max(Variable<T>, const Axes&, bool);              \
  template Variable<T> min(Variable<T>, const Axes&, bool);              \
  template Variable<T> prod(Variable<T>, const Axes&, bool);             \
  template Variable<T> var(Variable<T>, const Axes&, bool, std::size_t); \
  template Variable<T> norm(Variable<T>, const Axes&, bool);             \
  template Variable<T> logsumexp(Variable<T>, const Axes&, bool);        \
  template Variable<T> cumsum(Variable<T>, std::ptrdiff_t)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
