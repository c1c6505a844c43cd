#pragma once

#include <xtape.hpp>

#include "nn/report/figures.hpp"

/// Figures of what a convolutional network sees, for a report. They are empty for others.

namespace images {

/// Shows the windows of the first convolution, a picture for each filter. Grey is 0.
xtape::nn::Figure first_filters(const xtape::nn::Sequential<float>& network);

/// Shows the first image, and what the layers make of it: 16 channels of the last result of each
/// size.
xtape::nn::Figure feature_maps(const xtape::nn::Sequential<float>& network,
                               const xtape::nn::Samples& images);

}  // namespace images
