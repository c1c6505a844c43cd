#pragma once

#include <string>

#include "nn/train/history.hpp"

/// The charts of a training's history, as HTML.

namespace xtape::nn::report {

/// Loss, accuracy and learning rate over the epochs.
std::string draw_curves(const History& history);

/// The size of each layer's gradients: over the epochs, and as histograms of some epochs, all to
/// one scale.
std::string draw_gradients(const History& history);

/// Histograms of each layer's weights, of some epochs.
std::string draw_weights(const History& history);

}  // namespace xtape::nn::report
