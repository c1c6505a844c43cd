#include "nn/train/local_steps.hpp"

namespace xtape::nn {

bool LocalSteps::only_averages() const { return outer_rate == 1 && outer_momentum == 0; }

}  // namespace xtape::nn
