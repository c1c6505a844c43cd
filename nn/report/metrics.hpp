#pragma once

#include <string>

#include "nn/train/history.hpp"

namespace xtape::nn::report {

/// Returns the content of metrics.csv: epoch, loss, metrics, seconds, learning rate, and the root
/// mean square of each parameter and of its gradients. Cells of NaN, and of numbers that an epoch
/// does not have, are empty.
std::string metrics_csv(const History& history);

}  // namespace xtape::nn::report
