#include "nn/data/augment.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "nn/data/image_shape.hpp"
#include "tensor/error.hpp"

namespace xtape::nn {
namespace {

void require_amount(const char* name, double amount, double greatest, const char* unit) {
  require<ValueError>(amount >= 0 && amount <= greatest,
                      "Augment: expected {} from 0 to {}{}, got {}", name, greatest, unit, amount);
}

/// Numbers of 256 evenly spaced ones in (-1, 1), eight of a random word.
void fill_noise(Rng& rng, float* out, std::size_t count) {
  constexpr std::size_t words = 64;
  std::uint64_t random[words];
  float numbers[8 * words];
  for (std::size_t first = 0; first < count; first += 8 * words) {
    std::generate_n(random, words, [&] { return rng(); });
    for (std::size_t part = 0; part < 8; ++part) {
#pragma omp simd
      for (std::size_t i = 0; i < words; ++i) {
        const auto bits = static_cast<std::int8_t>(random[i] >> (8 * part));
        numbers[part * words + i] = (static_cast<float>(bits) + 0.5f) * 0x1p-7f;
      }
    }
    std::copy_n(numbers, std::min(8 * words, count - first), out + first);
  }
}

/// Sums are taken in blocks of as many numbers, which stay in registers.
constexpr std::size_t block = 32;

/// out(i) = sum_k weights(k) in(i + k stride), for whole blocks: up to block - 1 numbers beyond
/// `count` are read and written too.
void convolve(std::span<const float> weights, const float* in, std::size_t stride, float* out,
              std::size_t count) {
  for (std::size_t first = 0; first < count; first += block) {
    float sums[block] = {};
    for (std::size_t k = 0; k < weights.size(); ++k) {
      const float* shifted = in + first + k * stride;
#pragma omp simd
      for (std::size_t i = 0; i < block; ++i) {
        sums[i] += weights[k] * shifted[i];
      }
    }
    std::copy_n(sums, block, out + first);
  }
}

/// A copy of the plane with a border of zeros: one pixel above and left, two below and right.
void pad(const detail::Plane& plane, float* padded) {
  const std::size_t width = plane.columns + 3;
  std::fill_n(padded, (plane.rows + 3) * width, 0.f);
  for (std::size_t row = 0; row < plane.rows; ++row) {
    const float* in = plane.pixels + row * plane.columns * plane.stride;
    float* out = padded + (row + 1) * width + 1;
    for (std::size_t column = 0; column < plane.columns; ++column) {
      out[column] = in[column * plane.stride];
    }
  }
}

/// Bilinear interpolation between four pixels. (x, y) count from the corner of the padded image.
inline float sample(const float* padded, int width, float x, float y) {
  const int column = static_cast<int>(x);
  const int row = static_cast<int>(y);
  const float right = x - static_cast<float>(column);
  const float down = y - static_cast<float>(row);
  const float* at = padded + (row * width + column);
  const float above = at[0] + right * (at[1] - at[0]);
  const float below = at[width] + right * (at[width + 1] - at[width]);
  return above + down * (below - above);
}

/// The inverse: where the pixel that is now at (x, y) came from.
Affine inverse(const Affine& a) {
  const double determinant = a.xx * a.yy - a.xy * a.yx;
  Affine b{a.yy / determinant, -a.xy / determinant, -a.yx / determinant, a.xx / determinant};
  b.x0 = -(b.xx * a.x0 + b.xy * a.y0);
  b.y0 = -(b.yx * a.x0 + b.yy * a.y0);
  return b;
}

}  // namespace

namespace detail {

Affine random_affine(const AugmentOptions& options, Rng& rng) {
  const auto between = [&](double amount) { return rng.uniform(-amount, amount); };
  const double x0 = between(options.shift), y0 = between(options.shift);
  const double angle = between(options.rotation) * std::numbers::pi / 180;
  const double scale_x = 1 + between(options.scale), scale_y = 1 + between(options.scale);
  const double shear = between(options.shear);
  const double c = std::cos(angle), s = std::sin(angle);
  // The rotation (c, s; -s, c), y pointing down, times the shear (1, shear; 0, 1), times the scale.
  return {.xx = c * scale_x,
          .xy = (c * shear + s) * scale_y,
          .yx = -s * scale_x,
          .yy = (c - s * shear) * scale_y,
          .x0 = x0,
          .y0 = y0};
}

std::vector<float> gaussian(double sigma) {
  const auto radius = static_cast<std::ptrdiff_t>(std::ceil(3 * sigma));
  std::vector<double> weights;
  double total = 0;
  for (std::ptrdiff_t i = -radius; i <= radius; ++i) {
    const double z = static_cast<double>(i) / sigma;
    weights.push_back(std::exp(-z * z / 2));
    total += weights.back();
  }
  std::vector<float> normalised(weights.size());
  std::transform(weights.begin(), weights.end(), normalised.begin(),
                 [=](double weight) { return static_cast<float>(weight / total); });
  return normalised;
}

std::size_t elastic_noise_size(std::size_t radius, std::size_t rows, std::size_t columns) {
  const std::size_t height = rows + 2 * radius, width = columns + 2 * radius;
  return height * width + width + block;  // with a row that is smoothed downwards
}

void elastic_field(double alpha, std::span<const float> gaussian, std::size_t rows,
                   std::size_t columns, Rng& rng, float* noise, float* field) {
  const std::size_t around = gaussian.size() - 1;
  const std::size_t height = rows + around, width = columns + around;
  fill_noise(rng, noise, height * width);
  float* line = noise + height * width;
  for (std::size_t row = 0; row < rows; ++row) {
    convolve(gaussian, noise + row * width, width, line, width);
    convolve(gaussian, line, 1, field + row * columns, columns);
  }
  const auto factor = static_cast<float>(alpha);
#pragma omp simd
  for (std::size_t i = 0; i < rows * columns; ++i) {
    field[i] *= factor;
  }
}

std::size_t warp_size(std::size_t rows, std::size_t columns) {
  return (rows + 3) * (columns + 3) + columns;  // with a row that is complete
}

void warp(const Plane& plane, const Affine& affine, const float* dx, const float* dy,
          float* padded) {
  pad(plane, padded);
  const std::size_t rows = plane.rows, columns = plane.columns;
  float* const line = padded + (rows + 3) * (columns + 3);
  const Affine from = inverse(affine);
  const double centre_x = (static_cast<double>(columns) - 1) / 2;
  const double centre_y = (static_cast<double>(rows) - 1) / 2;
  const auto xx = static_cast<float>(from.xx), yx = static_cast<float>(from.yx);
  const auto right = static_cast<float>(columns + 1), bottom = static_cast<float>(rows + 1);
  const int width = static_cast<int>(columns) + 3;
  for (std::size_t row = 0; row < rows; ++row) {
    // Where the row's first pixel comes from, one more because of the border.
    const double y = static_cast<double>(row) - centre_y;
    const auto x_start =
        static_cast<float>(from.xy * y - from.xx * centre_x + from.x0 + centre_x + 1);
    const auto y_start =
        static_cast<float>(from.yy * y - from.yx * centre_x + from.y0 + centre_y + 1);
    const std::size_t first = row * columns;
#pragma omp simd
    for (std::size_t column = 0; column < columns; ++column) {
      const auto step = static_cast<float>(column);
      float px = x_start + xx * step + (dx != nullptr ? dx[first + column] : 0.f);
      float py = y_start + yx * step + (dy != nullptr ? dy[first + column] : 0.f);
      px = std::min(std::max(0.f, px), right);  // in this order NaN becomes 0, too
      py = std::min(std::max(0.f, py), bottom);
      line[column] = sample(padded, width, px, py);
    }
    for (std::size_t column = 0; column < columns; ++column) {
      plane.pixels[(first + column) * plane.stride] = line[column];
    }
  }
}

}  // namespace detail

Augment::Augment(const AugmentOptions& options) : options_(options) {
  require_amount("a shift", options.shift, AugmentOptions::max_shift, " pixels");
  require_amount("a rotation", options.rotation, AugmentOptions::max_rotation, " degrees");
  require<ValueError>(options.scale >= 0 && options.scale < 1,
                      "Augment: expected a scale of at least 0 and below 1, got {}", options.scale);
  require_amount("a shear", options.shear, AugmentOptions::max_shear, "");
  require_amount("elastic", options.elastic, AugmentOptions::max_elastic, "");
  require<ValueError>(options.smoothing >= 0.5 && options.smoothing <= 64,
                      "Augment: expected a smoothing from 0.5 to 64 pixels, got {}",
                      options.smoothing);
  if (options.elastic > 0) {
    gaussian_ = detail::gaussian(options.smoothing);
  }
}

void Augment::operator()(Sample& image) const {
  const auto [rows, columns, channels] = detail::image_shape("Augment", image.shape);
  const std::size_t pixels = rows * columns;
  const bool elastic = !gaussian_.empty();
  const std::size_t noise_size =
      elastic ? detail::elastic_noise_size(gaussian_.size() / 2, rows, columns) : 0;
  image.scratch.resize(detail::warp_size(rows, columns) + 2 * pixels + block + noise_size);
  float* const padded = image.scratch.data();
  float* const dx = padded + detail::warp_size(rows, columns);
  float* const dy = dx + pixels;
  float* const noise = dy + pixels + block;

  const Affine affine = detail::random_affine(options_, image.rng);
  if (elastic) {
    detail::elastic_field(options_.elastic, gaussian_, rows, columns, image.rng, noise, dx);
    detail::elastic_field(options_.elastic, gaussian_, rows, columns, image.rng, noise, dy);
  }
  for (std::size_t channel = 0; channel < channels; ++channel) {
    detail::warp({image.values.data() + channel, rows, columns, channels}, affine,
                 elastic ? dx : nullptr, elastic ? dy : nullptr, padded);
  }
}

}  // namespace xtape::nn
