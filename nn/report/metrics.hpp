#pragma once

#include <string>
#include <string_view>

#include "nn/train/history.hpp"

namespace xtape::nn::report {

/// The first columns of metrics.csv.
inline constexpr std::string_view first_columns = "epoch,loss";

/// Returns the content of metrics.csv: epoch, loss, metrics, seconds, learning rate, and the root
/// mean square of each parameter and of its gradients. A cell is empty if its number is NaN, or if
/// the epoch does not have the number.
std::string metrics_csv(const History& history);

}  // namespace xtape::nn::report
