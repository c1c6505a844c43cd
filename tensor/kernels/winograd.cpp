#include "tensor/kernels/winograd.hpp"

#include <algorithm>

#include "tensor/gemm.hpp"
#include "tensor/kernels/shares.hpp"
#include "tensor/kernels/winograd_lines.hpp"
#include "tensor/scratch.hpp"

namespace xtape::winograd {
namespace {

constexpr std::size_t side = 4;    // of a tile of results
constexpr std::size_t points = 6;  // of a line
constexpr std::size_t matrices = points * points;

/// Images as the results of tiles of 4 x 4, or as the tiles of 6 x 6 that these are computed from,
/// which overlap.
struct Tiles {
  Pair image;            ///< Of which the tiles are parts.
  std::size_t channels;  ///< Of the images.
  Pair tiles;            ///< In an image.
  Pair before;           ///< Rows and columns of the first tile that lie outside.

  /// Calls `f(place, row, column)` for the Size x Size pixels of a tile; null outside the image.
  template <std::size_t Size, class X, class F>
  void for_each_pixel(X* x, std::size_t tile, F f) const {
    const std::size_t n = tile / (tiles.height * tiles.width);
    const std::size_t top = tile / tiles.width % tiles.height * side;
    const std::size_t left = tile % tiles.width * side;
    for (std::size_t i = 0; i < Size; ++i) {
      const std::size_t row = top + i - before.height;  // wraps around above the image
      for (std::size_t j = 0; j < Size; ++j) {
        const std::size_t column = left + j - before.width;
        const bool inside = row < image.height && column < image.width;
        f(inside ? x + ((n * image.height + row) * image.width + column) * channels : nullptr,
          i * Size + j);
      }
    }
  }
};

/// 36 matrices (tile, channel), one for each product of two points.
struct Matrices {
  float* memory;
  std::size_t channels, stride;

  /// Returns the stride for matrices of this size. It is not a multiple of 4 KiB, because the
  /// elements of all matrices would then compete for the same lines of the cache.
  static std::size_t stride_for(std::size_t size) {
    const std::size_t stride = (size + 15) / 16 * 16;
    return stride % 1024 == 0 ? stride + 16 : stride;
  }
  float* at(std::size_t matrix, std::size_t tile) const {
    return memory + matrix * stride + tile * channels;
  }
};

/// Writes B^T d B for the tiles [begin, end) of 6 x 6 pixels. `zeros` has as many as there are
/// channels.
void transform_images(const Tiles& tiles, const float* x, const float* zeros, std::size_t begin,
                      std::size_t end, const Matrices& v) {
  for (std::size_t tile = begin; tile < end; ++tile) {
    const float* pixels[matrices];
    tiles.for_each_pixel<points>(x, tile, [&](const float* place, std::size_t i) {
      pixels[i] = place == nullptr ? zeros : place;
    });
    for_each_register(tiles.channels, [&]<class V>(V, std::size_t c) {
      V d[matrices], t[matrices];
      for (std::size_t i = 0; i < matrices; ++i) {
        d[i] = load<V>(pixels[i] + c);
      }
      for (std::size_t i = 0; i < points; ++i) {
        image_line(d + i, points, t + i);
      }
      for (std::size_t i = 0; i < points; ++i) {
        image_line(t + i * points, 1, d + i * points);
      }
      for (std::size_t i = 0; i < matrices; ++i) {
        store(v.at(i, tile - begin) + c, d[i]);
      }
    });
  }
}

/// Writes A dy A^T for the tiles [begin, end) of 4 x 4 results.
void transform_gradients(const Tiles& tiles, const float* dy, const float* zeros, std::size_t begin,
                         std::size_t end, const Matrices& m) {
  for (std::size_t tile = begin; tile < end; ++tile) {
    const float* pixels[side * side];
    tiles.for_each_pixel<side>(dy, tile, [&](const float* place, std::size_t i) {
      pixels[i] = place == nullptr ? zeros : place;
    });
    for_each_register(tiles.channels, [&]<class V>(V, std::size_t c) {
      V d[side * side], t[points * side], u[matrices];
      for (std::size_t i = 0; i < side * side; ++i) {
        d[i] = load<V>(pixels[i] + c);
      }
      for (std::size_t j = 0; j < side; ++j) {
        gradient_line(d + j, side, t + j, side);
      }
      for (std::size_t i = 0; i < points; ++i) {
        gradient_line(t + i * side, 1, u + i * points, 1);
      }
      for (std::size_t i = 0; i < matrices; ++i) {
        store(m.at(i, tile - begin) + c, u[i]);
      }
    });
  }
}

/// Computes y = A^T m A + bias + beta y for the tiles [begin, end) of 4 x 4 results.
void transform_results(const Tiles& tiles, const Matrices& m, const float* bias, float beta,
                       std::size_t begin, std::size_t end, float* y) {
  for (std::size_t tile = begin; tile < end; ++tile) {
    float* pixels[side * side];
    tiles.for_each_pixel<side>(y, tile, [&](float* place, std::size_t i) { pixels[i] = place; });
    for_each_register(tiles.channels, [&]<class V>(V, std::size_t c) {
      V u[matrices], t[side * points], d[side * side];
      for (std::size_t i = 0; i < matrices; ++i) {
        u[i] = load<V>(m.at(i, tile - begin) + c);
      }
      for (std::size_t j = 0; j < points; ++j) {
        result_line(u + j, points, t + j, points);
      }
      for (std::size_t i = 0; i < side; ++i) {
        result_line(t + i * points, 1, d + i * side, 1);
      }
      const V offset = bias == nullptr ? V{} : load<V>(bias + c);
      for (std::size_t i = 0; i < side * side; ++i) {
        if (pixels[i] != nullptr) {
          V sum = d[i] + offset;
          if (beta != 0) {
            sum += beta * load<V>(pixels[i] + c);
          }
          store(pixels[i] + c, sum);
        }
      }
    });
  }
}

/// Writes G w G^T as 36 matrices (in, out). With `rotate`, the windows are turned by 180 degrees.
void transform_weights(const Convolution& g, const float* weight, bool rotate, float* u) {
  const std::size_t size = g.in * g.out;
  parallel(g.in, 1, matrices * size, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      for_each_register(g.out, [&]<class V>(V, std::size_t c) {
        V w[9], t[points * 3], all[matrices];
        for (std::size_t k = 0; k < 9; ++k) {
          w[k] = load<V>(weight + ((rotate ? 8 - k : k) * g.in + row) * g.out + c);
        }
        for (std::size_t j = 0; j < 3; ++j) {
          weight_line(w + j, 3, t + j, 3);
        }
        for (std::size_t i = 0; i < points; ++i) {
          weight_line(t + i * 3, 1, all + i * points, 1);
        }
        for (std::size_t i = 0; i < matrices; ++i) {
          store(u + i * size + row * g.out + c, all[i]);
        }
      });
    }
  });
}

/// Computes dw = G^T u G + beta dw for 36 matrices (in, out).
void transform_weight_gradients(const Convolution& g, const float* u, float beta, float* dw) {
  const std::size_t size = g.in * g.out;
  parallel(g.in, 1, matrices * size, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      for_each_register(g.out, [&]<class V>(V, std::size_t c) {
        V all[matrices], t[3 * points], w[9];
        for (std::size_t i = 0; i < matrices; ++i) {
          all[i] = load<V>(u + i * size + row * g.out + c);
        }
        for (std::size_t j = 0; j < points; ++j) {
          weight_gradient_line(all + j, points, t + j, points);
        }
        for (std::size_t i = 0; i < 3; ++i) {
          weight_gradient_line(t + i * points, 1, w + i * 3, 1);
        }
        for (std::size_t k = 0; k < 9; ++k) {
          float* place = dw + (k * g.in + row) * g.out + c;
          store(place, beta == 0 ? w[k] : w[k] + beta * load<V>(place));
        }
      });
    }
  });
}

Pair tiles_of(Pair result) {
  return {(result.height + side - 1) / side, (result.width + side - 1) / side};
}

/// How tiles are divided: shares for threads, and chunks whose matrices fit the cache.
struct Plan {
  Shares shares;
  std::size_t chunk, stride_x, stride_y;

  Plan(std::size_t tiles, std::size_t x_channels, std::size_t y_channels)
      : shares(tiles, tiles * matrices * x_channels * y_channels) {
    constexpr std::size_t cache = (std::size_t{4} << 20) / sizeof(float);
    const std::size_t most =
        std::clamp<std::size_t>(cache / (matrices * (x_channels + y_channels)), 32, 512);
    const std::size_t chunks = std::max<std::size_t>((shares.size() + most - 1) / most, 1);
    chunk = (shares.size() + chunks - 1) / chunks;
    stride_x = Matrices::stride_for(chunk * x_channels);
    stride_y = Matrices::stride_for(chunk * y_channels);
  }

  /// The number of elements that the matrices of a share take.
  std::size_t size() const { return matrices * (stride_x + stride_y); }

  /// Calls `f(share, begin, end, v, m)` for the chunks of all shares, with memory for the matrices.
  template <class F>
  void each(std::size_t x_channels, std::size_t y_channels, float* memory, F f) const {
    shares.each([&](std::size_t share, std::size_t begin, std::size_t end) {
      const Matrices v{memory + share * size(), x_channels, stride_x};
      const Matrices m{v.memory + matrices * stride_x, y_channels, stride_y};
      for (; begin < end; begin += chunk) {
        f(share, begin, std::min(end, begin + chunk), v, m);
      }
    });
  }
};

/// Computes y = the convolution of x with the transformed weights u (in, out) or their transposes
/// + bias + beta y.
void multiply(const Tiles& from, const Tiles& to, std::size_t batch, const float* x,
              const Convolution& g, const float* weight, bool back, const float* bias, float beta,
              float* y) {
  const std::size_t count = batch * to.tiles.height * to.tiles.width;
  const Plan plan(count, from.channels, to.channels);
  const std::size_t size = g.in * g.out;
  float* const u = scratch_elements<float, ConvolutionMemory>(matrices * size + from.channels +
                                                              plan.shares.number() * plan.size());
  float* const zeros = u + matrices * size;
  std::fill_n(zeros, from.channels, 0.f);
  transform_weights(g, weight, back, u);
  plan.each(
      from.channels, to.channels, zeros + from.channels,
      [&](std::size_t, std::size_t begin, std::size_t end, const Matrices& v, const Matrices& m) {
        transform_images(from, x, zeros, begin, end, v);
        for (std::size_t i = 0; i < matrices; ++i) {
          gemm_on_this_thread(Transpose::no, back ? Transpose::yes : Transpose::no, end - begin,
                              m.channels, v.channels, 1.f, v.at(i, 0), v.channels, u + i * size,
                              g.out, 0.f, m.at(i, 0), m.channels);
        }
        transform_results(to, m, bias, beta, begin, end, y);
      });
}

}  // namespace

bool can(const Convolution& g) {
  const auto padded = [](std::size_t image, std::size_t before, std::size_t result) {
    return before <= 2 && result + 2 >= image + before && result <= image + before;
  };
  return g.kernel == Pair(3) && g.stride == Pair(1) && g.dilation == Pair(1) && g.groups == 1 &&
         padded(g.image.height, g.before.height, g.result.height) &&
         padded(g.image.width, g.before.width, g.result.width);
}

bool pays(const Convolution& g) {
  constexpr std::size_t fewest = 8;  // for fewer, transforming the weights takes too long
  const Pair tiles = tiles_of(g.result);
  return can(g) && g.in >= 16 && g.out >= 16 && g.batch * tiles.height * tiles.width >= fewest &&
         2 * g.result.height * g.result.width >= tiles.height * tiles.width * side * side;
}

void convolve(const Convolution& g, const float* x, const float* weight, const float* bias,
              float beta, float* y) {
  const Pair tiles = tiles_of(g.result);
  multiply({g.image, g.in, tiles, g.before}, {g.result, g.out, tiles, 0}, g.batch, x, g, weight,
           false, bias, beta, y);
}

void convolve_transposed(const Convolution& g, const float* dy, const float* weight, float beta,
                         float* dx) {
  const Pair tiles = tiles_of(g.image), before(2 - g.before.height, 2 - g.before.width);
  multiply({g.result, g.out, tiles, before}, {g.image, g.in, tiles, 0}, g.batch, dy, g, weight,
           true, nullptr, beta, dx);
}

void convolve_for_weights(const Convolution& g, const float* x, const float* dy, float beta,
                          float* dw) {
  const Pair tiles = tiles_of(g.result);
  const Tiles from{g.image, g.in, tiles, g.before}, to{g.result, g.out, tiles, 0};
  const Plan plan(g.batch * tiles.height * tiles.width, g.in, g.out);
  const std::size_t size = g.in * g.out, number = plan.shares.number();
  const std::size_t zero_count = std::max(g.in, g.out);
  float* const sums = scratch_elements<float, ConvolutionMemory>(
      number * (matrices * size + plan.size()) + zero_count);
  float* const zeros = sums + number * matrices * size;
  if (g.batch == 0) {
    std::fill_n(sums, matrices * size, 0.f);
  }
  std::fill_n(zeros, zero_count, 0.f);
  plan.each(g.in, g.out, zeros + zero_count,
            [&](std::size_t share, std::size_t begin, std::size_t end, const Matrices& v,
                const Matrices& m) {
              transform_images(from, x, zeros, begin, end, v);
              transform_gradients(to, dy, zeros, begin, end, m);
              const float scale = begin == share * plan.shares.size() ? 0.f : 1.f;
              for (std::size_t i = 0; i < matrices; ++i) {
                gemm_on_this_thread(Transpose::yes, Transpose::no, g.in, g.out, end - begin, 1.f,
                                    v.at(i, 0), g.in, m.at(i, 0), g.out, scale,
                                    sums + (share * matrices + i) * size, g.out);
              }
            });
  add_shares(number, matrices * size, sums + matrices * size, sums);
  transform_weight_gradients(g, sums, beta, dw);
}

}  // namespace xtape::winograd
