#pragma once

#include <string>
#include <vector>

#include "nn/train/metrics.hpp"

namespace xtape::nn::report {

/// A confusion matrix as a heat map, a <figure> with an SVG: what was recognised in blue, what was
/// taken for something else in orange, each the stronger the larger its share.
std::string draw(const xtape::nn::ConfusionMatrix& matrix, const std::vector<std::string>& names);

}  // namespace xtape::nn::report
