#include "autograd/ops/pooling.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "autograd/define.hpp"
#include "autograd/ops/reductions.hpp"
#include "autograd/ops/require_images.hpp"
#include "tensor/kernels/pooling.hpp"

namespace xtape {
namespace {

/// The axes of the windows, or an error that names the geometry. Only an error makes its text.
class WindowMaker {
 public:
  WindowMaker(const char* op, const Shape& shape, Pair kernel, Pair padding)
      : op_(op), shape_(shape), kernel_(kernel), padding_(padding) {}

  WindowAxis axis(std::size_t extent, std::size_t kernel, std::size_t stride,
                  std::size_t padding) const {
    if (kernel == 0) [[unlikely]] {
      fail<ValueError>("{}: {} has no positions", op_, geometry());
    }
    if (padding > kernel / 2) [[unlikely]] {
      fail<ValueError>("{}: {}: the padding is more than half of the kernel", op_, geometry());
    }
    const std::size_t least = kernel - 2 * padding;
    if (extent == 0 || least > extent) [[unlikely]] {
      fail<ShapeError>("{}: {}: the kernel does not fit into the image", op_, geometry());
    }
    const std::size_t step = stride == 0 ? kernel : stride;
    return {extent, kernel, step, padding, (extent - least) / step + 1};
  }

 private:
  std::string geometry() const {
    return fmt::format("{} with kernel ({}, {}), padding {}", shape_, kernel_.height, kernel_.width,
                       text_of(padding_));
  }

  const char* op_;
  const Shape& shape_;
  Pair kernel_, padding_;
};

/// Returns the windows. They are on the tape, because a gradient has no room for them.
template <class T, class Options>
const Windows& windows_over(const char* op, Variable<T> x, Pair kernel, const Options& options) {
  const Shape& shape = x.shape();
  detail::require_images(op, shape);
  const WindowMaker make(op, shape, kernel, options.padding);
  const Windows windows{
      shape[0], shape[3],
      make.axis(shape[1], kernel.height, options.stride.height, options.padding.height),
      make.axis(shape[2], kernel.width, options.stride.width, options.padding.width)};
  return x.tape().template keep<Windows>(1)[0] = windows;
}

/// Returns a number of the windows for both axes.
Pair pair_of(const Windows& w, std::size_t WindowAxis::*number) {
  return {w.rows.*number, w.columns.*number};
}

Shape pooled_shape(const Windows& w) {
  return Shape{w.batch, w.rows.count, w.columns.count, w.channels};
}

template <class Place, class T>
Variable<T> max_pool_by(Variable<T> x, const Windows& windows) {
  const bool remembers = x.needs_grad() && x.tape().grad_enabled();
  const std::size_t count = element_count(pooled_shape(windows), "max_pool2d");
  Place* places = remembers ? x.tape().template keep<Place>(count).data() : nullptr;
  return define(
      {"max_pool2d",
       {{"kernel", pair_of(windows, &WindowAxis::kernel)},
        {"stride", pair_of(windows, &WindowAxis::stride)},
        {"padding", pair_of(windows, &WindowAxis::padding)}}},
      {x},
      [&](Array<T>& y) {
        resize(y, pooled_shape(windows), "max_pool2d");
        max_pool(x.value().data(), windows, y.data(), places);
      },
      [places, &windows](auto y, Array<T>& dx, T beta) {
        max_pool_backward(y.grad().data(), places, windows, beta, dx.data());
      });
}

}  // namespace

template <class T>
Variable<T> max_pool2d(Variable<T> x, Pair kernel, const MaxPoolOptions& options) {
  const Windows& windows = windows_over("max_pool2d", x, kernel, options);
  return windows.area() <= 256 ? max_pool_by<std::uint8_t>(x, windows)
                               : max_pool_by<std::size_t>(x, windows);
}

template <class T>
Variable<T> avg_pool2d(Variable<T> x, Pair kernel, const AvgPoolOptions& options) {
  const Windows& windows = windows_over("avg_pool2d", x, kernel, options);
  const bool count_padding = options.count_padding;
  return define(
      {"avg_pool2d",
       {{"kernel", pair_of(windows, &WindowAxis::kernel)},
        {"stride", pair_of(windows, &WindowAxis::stride)},
        {"padding", pair_of(windows, &WindowAxis::padding)},
        {"count_padding", count_padding}}},
      {x},
      [&](Array<T>& y) {
        resize(y, pooled_shape(windows), "avg_pool2d");
        avg_pool(x.value().data(), windows, count_padding, y.data());
      },
      [count_padding, &windows](auto y, Array<T>& dx, T beta) {
        avg_pool_backward(y.grad().data(), windows, count_padding, beta, dx.data());
      });
}

template <class T>
Variable<T> global_avg_pool2d(Variable<T> x) {
  detail::require_images("global_avg_pool2d", x.shape());
  require<ShapeError>(x.shape()[1] > 0 && x.shape()[2] > 0,
                      "global_avg_pool2d: the images of {} have no pixels", x.shape());
  return mean(x, {1, 2});
}

#define XTAPE_INSTANTIATE(T)                                                 \
  template Variable<T> max_pool2d(Variable<T>, Pair, const MaxPoolOptions&); \
  template Variable<T> avg_pool2d(Variable<T>, Pair, const AvgPoolOptions&); \
  template Variable<T> global_avg_pool2d(Variable<T>)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
