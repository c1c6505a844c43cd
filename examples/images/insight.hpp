#pragma once

#include <xtape.hpp>

#include "nn/report/figures.hpp"

/// Figures of the filters and results of a convolutional network, for a report. For other networks,
/// the figures are empty.

namespace images {

/// Shows the windows of the first convolution, a picture for each filter. Grey is 0.
xtape::nn::Figure first_filters(const xtape::nn::Sequential<float>& network);

/// Shows the first image and the results of the layers for it. Of each size, there are 16 channels
/// of the last result.
xtape::nn::Figure feature_maps(const xtape::nn::Sequential<float>& network,
                               const xtape::nn::Samples& images);

}  // namespace images
