#include "tensor/kernels/convolution.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string>
#include <string_view>
#include <type_traits>

#include "tensor/array.hpp"
#include "tensor/kernels/depthwise.hpp"
#include "tensor/kernels/im2col.hpp"
#include "tensor/kernels/winograd.hpp"
#ifdef XTAPE_WITH_ONEDNN
#include "tensor/kernels/onednn.hpp"
#include "tensor/kernels/onednn_convolution.hpp"
#else
namespace xtape::onednn {
namespace {

// Without oneDNN, it is never usable.
constexpr bool usable() { return false; }
constexpr auto convolve = [](auto...) { return false; };
constexpr auto convolve_transposed = convolve, convolve_for_weights = convolve;

}  // namespace
}  // namespace xtape::onednn
#endif

namespace xtape {
namespace {

/// Larger extents and options are rejected, so that no sum or product of a few of them overflows.
constexpr std::size_t most = std::size_t{1} << 30;

/// A convolution as its caller describes it, for messages.
struct Request {
  const char* op;
  const Shape& x;
  const Shape& weight;

  bool is_sequence() const { return x.size() == 3; }

  /// Returns a number for the axis of a sequence. For the axes of an image, it returns one number
  /// if both are equal, unless they are `extents`.
  std::string text(Pair pair, bool extents = false) const {
    return is_sequence() ? fmt::format("{}", pair.width)
           : extents     ? fmt::format("({}, {})", pair.height, pair.width)
                         : text_of(pair);
  }
};

/// Throws ShapeError unless both have one axis for each name in `x_axes` and `weight_axes`.
void require_axes(const Request& request, std::size_t rank, const char* x_axes,
                  const char* weight_axes) {
  require<ShapeError>(request.x.size() == rank && request.weight.size() == rank,
                      "{}: expected x {} and weight {}, got {} and {}", request.op, x_axes,
                      weight_axes, request.x, request.weight);
}

void require_at_least_1(const Request& request, const char* option, Pair value) {
  if (value.height == 0 || value.width == 0) [[unlikely]] {
    fail<ValueError>("{}: expected a {} of at least 1, got {}", request.op, option,
                     request.text(value));
  }
}

void require_moderate(const Request& request, const char* what, Pair value) {
  if (value.height > most || value.width > most) [[unlikely]] {
    fail<ValueError>("{}: expected {} of at most {}, got {}", request.op, what, most,
                     request.text(value));
  }
}

/// Checks what all kinds of convolution require.
void require_fit(const Request& request, const Convolution& g, Pair image) {
  require_moderate(request, "an image", image);
  require_moderate(request, "a kernel", g.kernel);
  require_moderate(request, "a stride", g.stride);
  require_moderate(request, "a dilation", g.dilation);
  require_moderate(request, "padding", g.before);
  require_moderate(request, "groups", g.groups);
  require_at_least_1(request, "stride", g.stride);
  require_at_least_1(request, "dilation", g.dilation);
  require_at_least_1(request, "kernel", g.kernel);
  require<ValueError>(g.groups > 0, "{}: expected at least 1 group, got 0", request.op);
}

/// Returns the extents of an array's last axes but one. A sequence is an image of height 1.
Pair extents_of(const Shape& shape, std::size_t first) {
  return shape.size() == 3 ? Pair{1, shape[first]} : Pair{shape[first], shape[first + 1]};
}

/// Returns the rows of zeros that `same` adds to one axis, at both ends together.
std::size_t same_zeros(std::size_t kernel, std::size_t dilation) { return (kernel - 1) * dilation; }

Convolution forward_geometry(const Request& request, const Conv2dOptions& options) {
  const Shape &x = request.x, &weight = request.weight;
  const std::size_t rank = x.size();
  Convolution g{.batch = x[0],
                .image = extents_of(x, 1),
                .in = x[rank - 1],
                .kernel = extents_of(weight, 0),
                .result = 0,
                .out = weight[rank - 1],
                .stride = options.stride,
                .dilation = options.dilation,
                .before = options.padding.zeros,
                .groups = options.groups};
  require_fit(request, g, g.image);
  require<ShapeError>(g.in % g.groups == 0 && g.out % g.groups == 0,
                      "{}: {} channels to {} cannot be divided into {} groups", request.op, g.in,
                      g.out, g.groups);
  require<ShapeError>(weight[rank - 2] == g.in / g.groups,
                      "{}: {} with weight {}, groups {}: expected {} channels in the weight",
                      request.op, x, weight, g.groups, g.in / g.groups);
  if (options.padding.is_same && g.stride != Pair(1)) [[unlikely]] {
    fail<ValueError>("{}: padding same needs a stride of 1, got {}", request.op,
                     request.text(g.stride));
  }
  const auto place = [&](std::size_t image, std::size_t kernel, std::size_t stride,
                         std::size_t dilation, std::size_t& before, std::size_t& result) {
    const std::size_t zeros = options.padding.is_same ? same_zeros(kernel, dilation) : 2 * before;
    before = zeros / 2;
    const std::size_t window = (kernel - 1) * dilation + 1;
    if (image + zeros < window) [[unlikely]] {
      fail<ShapeError>("{}: {} with kernel {}, padding {}{}: the kernel does not fit into the {}",
                       request.op, x, request.text(g.kernel, true),
                       options.padding.is_same ? "same" : request.text(options.padding.zeros),
                       g.dilation == Pair(1) ? "" : ", dilation " + request.text(g.dilation),
                       request.is_sequence() ? "sequence" : "image");
    }
    result = (image + zeros - window) / stride + 1;
  };
  place(g.image.height, g.kernel.height, g.stride.height, g.dilation.height, g.before.height,
        g.result.height);
  place(g.image.width, g.kernel.width, g.stride.width, g.dilation.width, g.before.width,
        g.result.width);
  return g;
}

}  // namespace

Convolution convolution_of(const char* op, const Shape& x, const Shape& weight,
                           const Conv2dOptions& options) {
  const Request request{op, x, weight};
  require_axes(request, 4, "(batch, height, width, in)",
               "(kernel height, kernel width, in / groups, out)");
  return forward_geometry(request, options);
}

Convolution convolution_of(const char* op, const Shape& x, const Shape& weight,
                           const Conv1dOptions& options) {
  const Request request{op, x, weight};
  require_axes(request, 3, "(batch, length, in)", "(kernel, in / groups, out)");
  const auto [zeros, is_same] = options.padding;
  require<ValueError>(zeros.height == zeros.width,
                      "{}: expected one number as padding, got ({}, {})", op, zeros.height,
                      zeros.width);
  Padding padding(0, zeros.width);
  padding.is_same = is_same;
  return forward_geometry(request, {.stride = {1, options.stride},
                                    .padding = padding,
                                    .dilation = {1, options.dilation},
                                    .groups = options.groups});
}

Convolution convolution_of(const char* op, const Shape& x, const Shape& weight,
                           const ConvTranspose2dOptions& options) {
  const Request request{op, x, weight};
  require_axes(request, 4, "(batch, height, width, in)",
               "(kernel height, kernel width, out / groups, in)");
  Convolution g{.batch = x[0],
                .image = 0,
                .in = 0,
                .kernel = extents_of(weight, 0),
                .result = extents_of(x, 1),
                .out = x[3],
                .stride = options.stride,
                .dilation = options.dilation,
                .before = options.padding,
                .groups = options.groups};
  require_fit(request, g, g.result);
  require<ShapeError>(g.out % g.groups == 0, "{}: {} channels cannot be divided into {} groups", op,
                      g.out, g.groups);
  require<ShapeError>(weight[3] == x[3],
                      "{}: {} with weight {}: expected {} channels in the last axis of the weight",
                      op, x, weight, x[3]);
  require_moderate(request, "channels", weight[2]);
  g.in = weight[2] * g.groups;
  const Pair more = options.output_padding;
  if (more.height >= std::max(g.stride.height, g.dilation.height) ||
      more.width >= std::max(g.stride.width, g.dilation.width)) [[unlikely]] {
    fail<ValueError>("{}: expected output_padding below the stride or the dilation, got {}", op,
                     request.text(more));
  }
  const auto extent = [&](std::size_t count, std::size_t kernel, std::size_t stride,
                          std::size_t dilation, std::size_t cut, std::size_t added) {
    const std::size_t all =
        count == 0 ? 0 : (count - 1) * stride + (kernel - 1) * dilation + 1 + added;
    if (all <= 2 * cut) [[unlikely]] {
      fail<ShapeError>(
          "{}: {} with kernel {}, stride {}, padding {}: nothing of the result is left", op, x,
          request.text(g.kernel, true), request.text(g.stride), request.text(g.before));
    }
    return all - 2 * cut;
  };
  g.image = {extent(g.result.height, g.kernel.height, g.stride.height, g.dilation.height,
                    g.before.height, more.height),
             extent(g.result.width, g.kernel.width, g.stride.width, g.dilation.width,
                    g.before.width, more.width)};
  return g;
}

namespace {

std::atomic<bool>& winograd_switch() noexcept {
  static std::atomic<bool> on = [] {
    const char* value = std::getenv("XTAPE_WINOGRAD");
    return value == nullptr || std::string_view(value) != "0";
  }();
  return on;
}

/// True if a convolution is a matrix product of its images.
bool is_product(const Convolution& g) {
  return g.kernel == Pair(1) && g.stride == Pair(1) && g.groups == 1;
}

/// True if the last window ends less than a stride before the end of the image. A transposed
/// convolution whose output_padding is a stride or more leaves more of the image.
bool reaches_end(std::size_t image, std::size_t kernel, std::size_t stride, std::size_t dilation,
                 std::size_t before, std::size_t result) {
  return result * stride + (kernel - 1) * dilation + 1 > image + before;
}

/// True if oneDNN may be asked. It has a cost for each call, which tiny convolutions do not earn,
/// and refuses images that are empty or that windows leave too much of.
[[maybe_unused]] bool is_for_onednn(const Convolution& g) {
  constexpr std::size_t tiny = 32 * 32 * 32;
  return g.multiplications() > tiny && g.image_size() > 0 && !is_product(g) &&
         reaches_end(g.image.height, g.kernel.height, g.stride.height, g.dilation.height,
                     g.before.height, g.result.height) &&
         reaches_end(g.image.width, g.kernel.width, g.stride.width, g.dilation.width,
                     g.before.width, g.result.width) &&
         onednn::usable();
}

/// Calls a kernel for floats, Winograd's or oneDNN's, with the geometry and the arrays. Returns
/// false if another kernel is faster, and for doubles.
template <class T, class Winograd, class OneDnn, class... Arrays>
bool by_fast_kernel(Winograd winograd_kernel, OneDnn onednn_kernel, const Convolution& g,
                    Arrays... arrays) {
  if constexpr (std::is_same_v<T, float>) {
    if (winograd_is_on() && winograd::pays(g)) {
      winograd_kernel(g, arrays...);
      return true;
    }
    return is_for_onednn(g) && onednn_kernel(g, arrays...);
  }
  return false;
}

}  // namespace

void set_winograd(bool on) noexcept { winograd_switch() = on; }

bool winograd_is_on() noexcept { return winograd_switch(); }

template <class T>
void convolve(const Convolution& g, const T* x, const T* weight, const T* bias, T beta, T* y) {
  if (!by_fast_kernel<T>(winograd::convolve, onednn::convolve, g, x, weight, bias, beta, y)) {
    const auto kernel = depthwise::suits(g) ? depthwise::convolve<T> : im2col::convolve<T>;
    kernel(g, x, weight, bias, beta, y);
  }
}

template <class T>
void convolve_transposed(const Convolution& g, const T* dy, const T* weight, T beta, T* dx) {
  if (!by_fast_kernel<T>(winograd::convolve_transposed, onednn::convolve_transposed, g, dy, weight,
                         beta, dx)) {
    const auto kernel =
        depthwise::suits(g) ? depthwise::convolve_transposed<T> : im2col::convolve_transposed<T>;
    kernel(g, dy, weight, beta, dx);
  }
}

template <class T>
void convolve_for_weights(const Convolution& g, const T* x, const T* dy, T beta, T* dw) {
  if (!by_fast_kernel<T>(winograd::convolve_for_weights, onednn::convolve_for_weights, g, x, dy,
                         beta, dw)) {
    const auto kernel =
        depthwise::suits(g) ? depthwise::convolve_for_weights<T> : im2col::convolve_for_weights<T>;
    kernel(g, x, dy, beta, dw);
  }
}

#define XTAPE_INSTANTIATE(T)                                                        \
  template void convolve(const Convolution&, const T*, const T*, const T*, T, T*);  \
  template void convolve_transposed(const Convolution&, const T*, const T*, T, T*); \
  template void convolve_for_weights(const Convolution&, const T*, const T*, T, T*)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
