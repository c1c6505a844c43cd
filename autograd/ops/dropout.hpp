#pragma once

#include "autograd/tape.hpp"

/// @file
/// Dropout. The layer is nn::Dropout.

namespace xtape {

/// y = x m / (1 - rate),   dx = dy m / (1 - rate) (Srivastava et al. 2014). Each element of the
/// mask m is 0 with probability `rate`, else 1, so the expectation of y is x. Under NoGrad, y is x
/// itself. A rate of 1 drops everything. Throws ValueError unless 0 <= rate <= 1.
template <class T>
Variable<T> dropout(Variable<T> x, double rate, Rng& rng);

}  // namespace xtape
