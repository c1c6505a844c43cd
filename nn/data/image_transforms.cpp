#include "nn/data/image_transforms.hpp"

#include <algorithm>
#include <cmath>

#include "nn/data/image_shape.hpp"
#include "tensor/error.hpp"

namespace xtape::nn {
namespace {

/// Returns the place within `extent` that a place beyond the border mirrors.
std::size_t mirrored(std::ptrdiff_t place, std::size_t extent) {
  const auto last = static_cast<std::ptrdiff_t>(extent) - 1;
  return static_cast<std::size_t>(last - std::abs(last - std::abs(place)));
}

/// Writes the row that begins `offset` pixels to the right in `row`.
void move_row(const float* row, const detail::ImageShape& shape, std::ptrdiff_t offset,
              float* out) {
  const auto columns = static_cast<std::ptrdiff_t>(shape.columns);
  const auto channels = static_cast<std::ptrdiff_t>(shape.channels);
  const std::ptrdiff_t first = std::max<std::ptrdiff_t>(0, -offset);
  const std::ptrdiff_t last = std::min(columns, columns - offset);
  std::copy(row + (first + offset) * channels, row + (last + offset) * channels,
            out + first * channels);
  const auto mirror = [&](std::ptrdiff_t column) {
    std::copy_n(row + mirrored(column + offset, shape.columns) * shape.channels, channels,
                out + column * channels);
  };
  for (std::ptrdiff_t column = 0; column < first; ++column) {
    mirror(column);
  }
  for (std::ptrdiff_t column = last; column < columns; ++column) {
    mirror(column);
  }
}

/// Returns a random whole number from -most to most.
std::ptrdiff_t offset_within(std::size_t most, Rng& rng) {
  return static_cast<std::ptrdiff_t>(rng.below(2 * most + 1)) - static_cast<std::ptrdiff_t>(most);
}

}  // namespace

Compose::Compose(std::initializer_list<Transform> transforms) : transforms_(transforms) {
  for (const Transform& transform : transforms_) {
    require<ValueError>(static_cast<bool>(transform), "Compose: a transform is empty");
  }
}

void Compose::operator()(Sample& sample) const {
  for (const Transform& transform : transforms_) {
    transform(sample);
  }
}

void RandomCrop::operator()(Sample& image) const {
  const detail::ImageShape shape = detail::image_shape("RandomCrop", image.shape);
  require<ShapeError>(padding < std::min(shape.rows, shape.columns),
                      "RandomCrop: a mirrored padding of {} wants more than {} rows and columns, "
                      "got images {}",
                      padding, padding, image.shape);
  const std::ptrdiff_t down = offset_within(padding, image.rng);
  const std::ptrdiff_t right = offset_within(padding, image.rng);
  image.scratch.assign(image.values.begin(), image.values.end());
  const std::size_t width = shape.columns * shape.channels;
  for (std::size_t row = 0; row < shape.rows; ++row) {
    const std::size_t from = mirrored(static_cast<std::ptrdiff_t>(row) + down, shape.rows);
    move_row(image.scratch.data() + from * width, shape, right, image.values.data() + row * width);
  }
}

void AlternatingFlip::operator()(Sample& image) const {
  const auto [rows, columns, channels] = detail::image_shape("AlternatingFlip", image.shape);
  const std::uint64_t half = Rng{seed + image.index}() >> 63;
  if ((half + image.epoch) % 2 == 0) {
    return;
  }
  for (std::size_t row = 0; row < rows; ++row) {
    float* left = image.values.data() + row * columns * channels;
    float* right = left + (columns - 1) * channels;
    for (; left < right; left += channels, right -= channels) {
      std::swap_ranges(left, left + channels, right);
    }
  }
}

void Cutout::operator()(Sample& image) const {
  const auto [rows, columns, channels] = detail::image_shape("Cutout", image.shape);
  require<ValueError>(std::isfinite(value), "Cutout: expected a finite value, got {}", value);
  // The first pixel of the square, and the first one after it.
  const auto side = [&](std::size_t extent) {
    const auto centre = static_cast<std::size_t>(image.rng.below(extent));
    const std::size_t before = std::min(size / 2, centre);
    const std::size_t after = std::min(size - size / 2, extent - centre);
    return std::pair{centre - before, centre + after};
  };
  const auto [top, bottom] = side(rows);
  const auto [left, right] = side(columns);
  for (std::size_t row = top; row < bottom; ++row) {
    std::fill_n(image.values.data() + (row * columns + left) * channels, (right - left) * channels,
                value);
  }
}

}  // namespace xtape::nn
