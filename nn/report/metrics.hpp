#pragma once

#include <string>

#include "nn/train/history.hpp"

namespace xtape::nn::report {

/// Returns the content of metrics.csv: epoch, loss, accuracies in [0, 1], seconds, learning rate,
/// and the root mean square of each parameter and of its gradients.
std::string metrics_csv(const History& history);

}  // namespace xtape::nn::report
