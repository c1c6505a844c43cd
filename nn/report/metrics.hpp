#pragma once

#include <string>

#include "nn/train/history.hpp"

namespace xtape::nn::report {

/// Returns the content of metrics.csv: epoch, loss, metrics, seconds, learning rate, and the root
/// mean square of each parameter and of its gradients. A cell is empty if its number is NaN, or if
/// the epoch does not have the number.
std::string metrics_csv(const History& history);

}  // namespace xtape::nn::report
