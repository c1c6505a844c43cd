#include "autograd/ops/images.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "autograd/define.hpp"
#include "autograd/ops/require_images.hpp"
#include "tensor/kernels/resample.hpp"

namespace xtape {
namespace {

template <class T>
Source<T> whole(std::size_t position) {
  return {position, position, T(1), T(0)};
}

/// Keeps the sources of an axis on the tape: source_of(i) of each index i.
template <class T, class SourceOf>
std::span<const Source<Real<T>>> sources(Tape<T>& tape, std::size_t count, SourceOf source_of) {
  const std::span<Source<Real<T>>> kept = tape.template keep<Source<Real<T>>>(count);
  for (std::size_t i = 0; i < count; ++i) {
    kept[i] = source_of(i);
  }
  return kept;
}

template <class T>
std::span<const Source<Real<T>>> upsampled(const char* op, Tape<T>& tape, std::size_t extent,
                                           std::size_t factor, Upsampling mode) {
  using Number = Real<T>;
  require<ShapeError>(extent <= std::numeric_limits<std::size_t>::max() / factor,
                      "{}: {} positions are too many to repeat {} times", op, extent, factor);
  return sources(tape, extent * factor, [=](std::size_t i) {
    if (mode == Upsampling::nearest) {
      return whole<Number>(i / factor);
    }
    const double place =
        std::max(0.0, (static_cast<double>(i) + 0.5) / static_cast<double>(factor) - 0.5);
    const auto first = static_cast<std::size_t>(place);
    const double part = place - static_cast<double>(first);
    return Source<Number>{first, std::min(first + 1, extent - 1), static_cast<Number>(1 - part),
                          static_cast<Number>(part)};
  });
}

/// Returns the sources of an axis with `before` and `after` positions added.
template <class T>
std::span<const Source<Real<T>>> padded(const char* op, Tape<T>& tape, std::size_t extent,
                                        std::size_t before, std::size_t after, PadMode mode,
                                        const Shape& shape) {
  using Number = Real<T>;
  const std::size_t added = std::max(before, after);
  require<ShapeError>(mode == PadMode::constant || added == 0 || added < extent,
                      "{}: {} has no {} pixels to reflect at an edge: it has {} beside the "
                      "outermost",
                      op, shape, added, extent == 0 ? 0 : extent - 1);
  std::size_t count = extent;
  require<ShapeError>(!__builtin_add_overflow(count, before, &count) &&
                          !__builtin_add_overflow(count, after, &count),
                      "{}: {} cannot be padded by {} and {}", op, shape, before, after);
  return sources(tape, count, [=](std::size_t i) {
    const bool inside = i >= before && i - before < extent;
    if (!inside && mode == PadMode::constant) {
      return Source<Number>{0, 0, 0, 0};
    }
    const std::size_t mirrored = i < before ? before - i : 2 * (extent - 1) + before - i;
    return whole<Number>(inside ? i - before : mirrored);
  });
}

template <class T>
Variable<T> record_resampling(const Operation& op, Variable<T> x,
                              std::span<const Source<Real<T>>> rows,
                              std::span<const Source<Real<T>>> columns, Real<T> value) {
  const Shape& shape = x.shape();
  const std::span<Resampling<Real<T>>> kept = x.tape().template keep<Resampling<Real<T>>>(1);
  kept[0] = {shape[0], shape[1], shape[2], shape[3], rows, columns};
  const Resampling<Real<T>>& to = kept[0];
  return define(
      op, {x},
      [&](Array<T>& y) {
        resize(y, Shape{to.batch, rows.size(), columns.size(), to.channels}, op.name);
        resample(x.value().data(), to, value, y.data());
      },
      [&to](auto y, Array<T>& dx, T beta) {
        resample_backward(y.grad().data(), to, beta, dx.data());
      });
}

}  // namespace

template <class T>
Variable<T> upsample2d(Variable<T> x, Pair factor, Upsampling mode) {
  const char* op = "upsample2d";
  detail::require_images(op, x.shape());
  require<ValueError>(factor.height > 0 && factor.width > 0,
                      "{}: expected factors of at least 1, got ({}, {})", op, factor.height,
                      factor.width);
  require<ShapeError>(x.shape()[1] > 0 && x.shape()[2] > 0, "{}: the images of {} have no pixels",
                      op, x.shape());
  const auto rows = upsampled(op, x.tape(), x.shape()[1], factor.height, mode);
  const auto columns = upsampled(op, x.tape(), x.shape()[2], factor.width, mode);
  const char* const name = mode == Upsampling::nearest ? "nearest" : "bilinear";
  return record_resampling<T>({op, {{"factor", factor}, {"mode", name}}}, x, rows, columns, 0);
}

template <class T>
Variable<T> pad(Variable<T> x, const Margins& margins, const PadOptions& options) {
  const char* op = "pad";
  detail::require_images(op, x.shape());
  const Shape& shape = x.shape();
  const auto rows =
      padded(op, x.tape(), shape[1], margins.top, margins.bottom, options.mode, shape);
  const auto columns =
      padded(op, x.tape(), shape[2], margins.left, margins.right, options.mode, shape);
  const char* const mode = options.mode == PadMode::constant ? "constant" : "reflect";
  return record_resampling<T>({op,
                               {{"top", margins.top},
                                {"bottom", margins.bottom},
                                {"left", margins.left},
                                {"right", margins.right},
                                {"mode", mode},
                                {"value", options.value}}},
                              x, rows, columns, static_cast<Real<T>>(options.value));
}

#define XTAPE_INSTANTIATE(T)                                      \
  template Variable<T> upsample2d(Variable<T>, Pair, Upsampling); \
  template Variable<T> pad(Variable<T>, const Margins&, const PadOptions&)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
