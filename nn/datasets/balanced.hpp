#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "nn/data/dataset.hpp"
#include "tensor/error.hpp"
#include "tensor/rng.hpp"

namespace xtape::nn::detail {

/// Returns `count` images of bytes with their labels. The sizes of the classes differ by at most
/// one, and the order is random. `draw(label, rng, image)` draws an image of `shape` on black.
/// Throws ValueError, with the name of the caller, if `count` is 0.
template <class Draw>
Dataset draw_balanced(const char* caller, std::size_t count, std::size_t classes,
                      const Shape& shape, Rng& rng, Draw draw) {
  require<ValueError>(count > 0, "{}: expected at least one image", caller);
  std::vector<std::int64_t> labels(count);
  for (std::size_t i = 0; i < count; ++i) {
    labels[i] = static_cast<std::int64_t>(i % classes);
  }
  rng.shuffle(std::span(labels));
  const std::size_t size = element_count(shape);
  std::vector<std::uint8_t> pixels(count * size);
  for (std::size_t i = 0; i < count; ++i) {
    draw(static_cast<std::size_t>(labels[i]), rng, std::span(pixels).subspan(i * size, size));
  }
  return {Samples(std::move(pixels), shape), std::move(labels)};
}

}  // namespace xtape::nn::detail
