#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "nn/data/batches.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/datasets.hpp"

/// Walks through the batches of numbered_images().

using Labels = std::vector<int>;
using Sizes = std::vector<std::size_t>;

/// The labels of a batch.
inline Labels labels_of(const xtape::nn::Batch& batch) {
  const xtape::Indices targets = batch.targets;
  Labels labels;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    labels.push_back(static_cast<int>(targets[i]));
  }
  return labels;
}

/// Walks one epoch, checks that each image stands beside its label, and returns the labels.
template <class T = float>
Labels walk(xtape::nn::Batches& batches, Sizes* sizes = nullptr) {
  Labels labels;
  xtape::Array<T> images;
  for (const auto& batch : batches) {
    batch.inputs(images);
    REQUIRE((images.shape() == xtape::Shape{batch.size(), 3, 5}));
    const Labels of_batch = labels_of(batch);
    REQUIRE(of_batch.size() == batch.size());
    for (std::size_t i = 0; i < images.size(); ++i) {
      const auto byte = static_cast<std::uint8_t>(of_batch[i / 15] + static_cast<int>(i % 15 * 31));
      REQUIRE(std::lround(255 * images.data()[i]) == byte);
    }
    labels.insert(labels.end(), of_batch.begin(), of_batch.end());
    if (sizes != nullptr) {
      sizes->push_back(batch.size());
    }
  }
  return labels;
}

inline Labels in_order(std::size_t count) {
  Labels labels(count);
  std::iota(labels.begin(), labels.end(), 0);
  return labels;
}

inline Labels sorted(Labels labels) {
  std::sort(labels.begin(), labels.end());
  return labels;
}

/// Adds to each element of a sample one random number, so that an output shows its stream.
inline void add_noise(xtape::nn::Sample& sample) {
  const auto noise = static_cast<float>(sample.rng.uniform());
  for (float& value : sample.values) {
    value += noise;
  }
}

/// All numbers of an epoch.
inline std::vector<float> numbers_of(xtape::nn::Batches& batches) {
  std::vector<float> numbers;
  xtape::Array<float> inputs;
  for (const auto& batch : batches) {
    batch.inputs(inputs);
    numbers.insert(numbers.end(), inputs.storage().begin(), inputs.storage().end());
  }
  return numbers;
}
