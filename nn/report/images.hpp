#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "nn/data/batches.hpp"
#include "nn/sequential.hpp"
#include "nn/train/metrics.hpp"

#include "nn/report/predictions.hpp"

/// The parts of the report that are made of small pictures, as HTML.

namespace xtape::nn::report {

/// The first images of each class in a row.
std::string draw_samples(const xtape::nn::Dataset& data, const std::vector<std::string>& names);

/// The first `count` images beside each other.
std::string draw_images(const Samples& samples, std::size_t count);

/// The images at `chosen`, each with what it is, what it was taken for, and a chart of the
/// probabilities of all classes.
std::string draw_misses(const xtape::nn::Dataset& data, const Predictions& predictions,
                        const std::vector<std::size_t>& chosen,
                        const std::vector<std::string>& names);

/// The weights from the pixels to each hidden unit as pictures, blue where they are negative and
/// orange where they are positive, for at most `most` units: those with the largest weights to the
/// next layer. Empty for a network without a hidden layer over such pixels.
std::string draw_units(const xtape::nn::Sequential<float>& network, std::size_t rows,
                       std::size_t columns, std::size_t most);

}  // namespace xtape::nn::report
