#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "nn/data/dataset.hpp"
#include "tensor/rng.hpp"

/// Returns all elements of the samples.
template <class E>
std::vector<E> elements_of(const xtape::nn::Samples& samples) {
  const auto elements = samples.as<E>();
  return {elements.begin(), elements.end()};
}

/// `count` images of 3 x 5 pixels, of which no two are alike up to 256: image i has the label i,
/// and pixel p of it is i + 31 p, modulo 256.
inline xtape::nn::Dataset numbered_images(std::size_t count) {
  std::vector<std::uint8_t> pixels;
  std::vector<std::int64_t> labels;
  for (std::size_t i = 0; i < count; ++i) {
    labels.push_back(static_cast<std::int64_t>(i));
    for (std::size_t p = 0; p < 15; ++p) {
      pixels.push_back(static_cast<std::uint8_t>(i + 31 * p));
    }
  }
  return {xtape::nn::Samples(std::move(pixels), {3, 5}), std::move(labels)};
}

/// `count` images of random bytes, (rows, columns), with random labels below 10.
inline xtape::nn::Dataset random_images(std::size_t count, const xtape::Shape& shape,
                                        xtape::Rng& rng) {
  xtape::Buffer<std::uint8_t> pixels(count * xtape::element_count(shape));
  for (std::uint8_t& pixel : pixels) {
    pixel = static_cast<std::uint8_t>(rng());
  }
  std::vector<std::int64_t> labels(count);
  for (std::int64_t& label : labels) {
    label = static_cast<std::int64_t>(rng.below(10));
  }
  return {xtape::nn::Samples(std::move(pixels), shape), std::move(labels)};
}
