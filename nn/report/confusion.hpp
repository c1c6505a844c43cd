#pragma once

#include <string>
#include <vector>

#include "nn/train/metrics.hpp"

namespace xtape::nn::report {

/// Returns a confusion matrix as a heat map, a `<figure>` with an SVG. Correct predictions are blue
/// and mistakes are orange. Stronger colours are larger fractions. With more than 50 classes, a
/// cell without a mistake is left out, so that the page stays small.
std::string draw(const xtape::nn::ConfusionMatrix& matrix, const std::vector<std::string>& names);

}  // namespace xtape::nn::report
