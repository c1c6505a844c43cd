#pragma once

#include <string>

#include "nn/train/history.hpp"

/// Functions that return the charts of a run's history as HTML.

namespace xtape::nn::report {

/// Returns charts of loss, accuracy and learning rate over the epochs.
std::string draw_curves(const History& history);

/// Returns charts of the size of each parameter's gradients, over the epochs. Histograms of some
/// epochs, with a common scale, follow.
std::string draw_gradients(const History& history);

/// Returns histograms of each parameter for some epochs.
std::string draw_weights(const History& history);

}  // namespace xtape::nn::report
