#pragma once

#include "autograd/tape.hpp"

/// @file
/// The op that forgets at random; as a layer it is nn::Dropout.

namespace xtape {

/// y = x m / (1 - rate), where each element of the mask m is 0 with probability `rate`, else 1, so
/// that the expectation of y is x;   dx = dy m / (1 - rate) (Srivastava et al. 2014). Under NoGrad,
/// y is x itself. Throws ValueError unless 0 <= rate <= 1; a rate of 1 drops everything.
template <class T>
Variable<T> dropout(Variable<T> x, double rate, Rng& rng);

}  // namespace xtape
