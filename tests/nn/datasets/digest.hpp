#pragma once

#include <cstdint>
#include <string>

#include "nn/data/dataset.hpp"
#include "nn/datasets/sha256.hpp"

/// Returns the SHA-256 of the bytes of all images, followed by a byte for each label.
inline std::string digest(const xtape::nn::Dataset& data) {
  xtape::nn::datasets::Sha256 sha256;
  sha256.add(data.features.as<std::uint8_t>());
  for (const std::int64_t label : data.targets.as<std::int64_t>()) {
    const auto byte = static_cast<std::uint8_t>(label);
    sha256.add({&byte, 1});
  }
  return sha256.hex();
}
