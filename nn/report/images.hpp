#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "nn/data/batches.hpp"
#include "nn/sequential.hpp"
#include "nn/train/metrics.hpp"

#include "nn/report/predictions.hpp"

/// Functions that return the images of a report as HTML.

namespace xtape::nn::report {

/// Returns the first images of each class, one row for each class.
std::string draw_samples(const xtape::nn::Dataset& data, const std::vector<std::string>& names);

/// Returns the first `count` images beside each other.
std::string draw_images(const Samples& samples, std::size_t count);

/// Returns the images at `chosen`. Each has its class, its predicted class, and a chart of the
/// probabilities of all classes.
std::string draw_misses(const xtape::nn::Dataset& data, const Predictions& predictions,
                        const std::vector<std::size_t>& chosen,
                        const std::vector<std::string>& names);

/// Returns the weights from the pixels to hidden units as images. Negative weights are blue and
/// positive weights are orange. There are at most `most` units: those with the largest weights to
/// the next layer. The result is empty for a network without a hidden layer over such pixels.
std::string draw_units(const xtape::nn::Sequential<float>& network, std::size_t rows,
                       std::size_t columns, std::size_t most);

}  // namespace xtape::nn::report
