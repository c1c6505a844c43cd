#include "nn/optim/learning_rate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tensor/error.hpp"

namespace xtape::nn {

void LearningRate::require_schedule() const {
  require<ValueError>(static_cast<bool>(schedule_),
                      "LearningRate: expected a schedule, got an empty one");
}

Plateau LearningRate::after(Plateau plateau, const Score& score) const {
  if (!plateau_) {
    return plateau;
  }
  require<ValueError>(score.better != Better::unknown,
                      "on_plateau: expected a score that is higher_is_better() or "
                      "lower_is_better(), got the number {}",
                      score.value);
  if (score.beats(plateau.best, plateau_->min_change)) {
    plateau.best = score.value;
    plateau.waits = 0;
  } else if (++plateau.waits >= plateau_->patience) {
    // Above 0, which a checkpoint refuses.
    plateau.scale = std::max(plateau.scale * plateau_->factor, std::numeric_limits<double>::min());
    plateau.waits = 0;
  }
  return plateau;
}

LearningRate on_plateau(LearningRate rate, const PlateauOptions& options) {
  require<ValueError>(options.factor > 0 && options.factor < 1,
                      "on_plateau: expected a factor in (0, 1), got {}", options.factor);
  require<ValueError>(options.patience > 0, "on_plateau: expected a patience of at least 1, got 0");
  require<ValueError>(options.min_change >= 0 && std::isfinite(options.min_change),
                      "on_plateau: expected a min_change of at least 0, got {}",
                      options.min_change);
  rate.plateau_ = options;
  return rate;
}

}  // namespace xtape::nn
