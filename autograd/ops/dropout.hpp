#pragma once

#include "autograd/tape.hpp"

/// @file
/// The op dropout(). The layer is nn::Dropout.

namespace xtape {

/// Returns y = x m / (1 - rate),   dx = dy m / (1 - rate) (Srivastava et al. 2014). Each element of
/// the mask m is 0 with probability `rate`, else 1. So the expectation of y is x. Under NoGrad,
/// dropout() returns x. If the rate is 1, y is 0 for finite x. Throws ValueError unless 0 <= rate
/// <= 1.
template <class T>
Variable<T> dropout(Variable<T> x, double rate, Rng& rng);

}  // namespace xtape
