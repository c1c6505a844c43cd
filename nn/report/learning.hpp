#pragma once

#include <string>

#include "nn/train/history.hpp"

/// The charts of a run's history, as HTML.

namespace xtape::nn::report {

/// Returns loss, accuracy and learning rate over the epochs.
std::string draw_curves(const History& history);

/// Returns the size of each layer's gradients: over the epochs, and as histograms of some epochs
/// with a common scale.
std::string draw_gradients(const History& history);

/// Returns histograms of each layer's weights, for some epochs.
std::string draw_weights(const History& history);

}  // namespace xtape::nn::report
