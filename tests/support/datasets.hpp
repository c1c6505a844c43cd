#pragma once

#include <cstdint>

#include "nn/data/idx.hpp"

/// `count` images of 3 x 5 pixels, of which no two are alike up to 256: image i has the label i,
/// and pixel p of it is i + 31 p, both modulo 256.
inline xtape::nn::Dataset numbered_images(std::size_t count) {
  xtape::nn::Dataset data{.rows = 3, .columns = 5, .images = {}, .labels = {}};
  for (std::size_t i = 0; i < count; ++i) {
    data.labels.push_back(static_cast<std::uint8_t>(i));
    for (std::size_t p = 0; p < data.features(); ++p) {
      data.images.push_back(static_cast<std::uint8_t>(i + 31 * p));
    }
  }
  return data;
}
