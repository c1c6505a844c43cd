#include "tensor/kernels/depthwise.hpp"

#include <algorithm>

#include "tensor/array.hpp"
#include "tensor/kernels/double_sums.hpp"
#include "tensor/kernels/shares.hpp"
#include "tensor/kernels/taps.hpp"
#include "tensor/scratch.hpp"

namespace xtape::depthwise {
namespace {

/// Computes c += a b for each channel.
template <class T>
void multiply_add(const T* a, const T* b, T* c, std::size_t channels) {
#pragma omp simd
  for (std::size_t i = 0; i < channels; ++i) {
    c[i] += a[i] * b[i];
  }
}

/// Prepares channels for additions: c = beta c + bias. `bias` may be null.
template <class T>
void begin_sum(T beta, const T* bias, T* c, std::size_t channels) {
  for (std::size_t i = 0; i < channels; ++i) {
    c[i] = (beta == T(0) ? T(0) : c[i]) + (bias == nullptr ? T(0) : bias[i]);
  }
}

/// Calls `f(pixel, tap, position)` for each product of the positions [begin, end).
template <class F>
void for_each_product(const Convolution& g, std::size_t begin, std::size_t end, F f) {
  for_each_window(g, begin, end, [&](std::size_t position, const WindowPlace& window) {
    for_each_tap(g, window, [&](std::size_t tap, std::ptrdiff_t pixel) {
      if (pixel >= 0) {
        f(static_cast<std::size_t>(pixel), tap, position);
      }
    });
  });
}

}  // namespace

bool suits(const Convolution& g) { return g.groups == g.in && g.in == g.out && g.groups > 1; }

template <class T>
void convolve(const Convolution& g, const T* x, const T* weight, const T* bias, T beta, T* y) {
  const std::size_t channels = g.in;
  const Shares shares(g.positions(), g.multiplications());
  shares.each([&](std::size_t, std::size_t begin, std::size_t end) {
    for (std::size_t position = begin; position < end; ++position) {
      begin_sum(beta, bias, y + position * channels, channels);
      for_each_product(g, position, position + 1,
                       [&](std::size_t pixel, std::size_t tap, std::size_t) {
                         multiply_add(x + pixel * channels, weight + tap * channels,
                                      y + position * channels, channels);
                       });
    }
  });
}

template <class T>
void convolve_transposed(const Convolution& g, const T* dy, const T* weight, T beta, T* dx) {
  const std::size_t channels = g.in, windows = g.result.height * g.result.width;
  const std::size_t image = g.image.height * g.image.width * channels;
  const Shares shares(g.batch, g.multiplications());  // windows of one image overlap
  shares.each([&](std::size_t, std::size_t begin, std::size_t end) {
    if (beta == T(0)) {
      std::fill(dx + begin * image, dx + end * image, T(0));
    }
    for_each_product(g, begin * windows, end * windows,
                     [&](std::size_t pixel, std::size_t tap, std::size_t position) {
                       multiply_add(dy + position * channels, weight + tap * channels,
                                    dx + pixel * channels, channels);
                     });
  });
}

template <class T>
void convolve_for_weights(const Convolution& g, const T* x, const T* dy, T beta, T* dw) {
  const std::size_t channels = g.in, size = g.weight_size();
  const Shares shares(g.positions(), g.multiplications());
  // Blocks of positions are summed in T, and the blocks in double.
  constexpr std::size_t block = 512;
  T* const block_sums = scratch_elements<T, struct DepthwiseBlock>(shares.number() * size);
  double* const sums = scratch_elements<double, struct DepthwiseSums>(shares.number() * size);
  shares.each([&](std::size_t share, std::size_t begin, std::size_t end) {
    T* const part = block_sums + share * size;
    double* const sum = sums + share * size;
    std::fill_n(sum, size, 0.0);
    for (; begin < end; begin += block) {
      std::fill_n(part, size, T(0));
      for_each_product(g, begin, std::min(end, begin + block),
                       [&](std::size_t pixel, std::size_t tap, std::size_t position) {
                         multiply_add(x + pixel * channels, dy + position * channels,
                                      part + tap * channels, channels);
                       });
      add_block(part, size, sum);
    }
  });
  add_shares(shares.number(), size, sums + size, sums);
  begin_sum<T>(beta, nullptr, dw, size);
  add_rounded(sums, size, dw);
}

#define XTAPE_INSTANTIATE(T)                                                        \
  template void convolve(const Convolution&, const T*, const T*, const T*, T, T*);  \
  template void convolve_transposed(const Convolution&, const T*, const T*, T, T*); \
  template void convolve_for_weights(const Convolution&, const T*, const T*, T, T*)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape::depthwise
