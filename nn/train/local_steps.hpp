#pragma once

#include <cstddef>

namespace xtape::nn {

/// The settings of local steps, for links that are too slow for a sum in each step. Each rank makes
/// steps of its own, with its shares of the batches. After some steps, all ranks get the mean of
/// their weights. An outer step can then go further than the mean, or less far.
///
///     const nn::Run run{.group = group.get(), .local_steps = nn::diloco(100)};
struct LocalSteps {
  /// The steps of the optimizer between two means. The end of an epoch always makes a mean. 0: the
  /// ranks sum their gradients in each step. See DataParallel.
  std::size_t every = 0;

  /// The size of the outer step, relative to the way from the last mean to the new mean. Above 0.
  /// 1: the step ends at the new mean.
  double outer_rate = 1;

  /// The Nesterov momentum of the outer step. At least 0, below 1.
  double outer_momentum = 0;

  /// True if the outer step goes to the mean itself.
  bool only_averages() const;
};

/// Returns the outer step of DiLoCo (arXiv:2311.08105): rate 0.7, momentum 0.9.
inline LocalSteps diloco(std::size_t every) { return {every, 0.7, 0.9}; }

}  // namespace xtape::nn
