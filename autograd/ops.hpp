#pragma once

/// @file
/// Every op, one header a family.

#include "autograd/activations.hpp"
#include "autograd/arithmetic.hpp"
#include "autograd/dropout.hpp"
#include "autograd/losses.hpp"
#include "autograd/math.hpp"
#include "autograd/matrix.hpp"
#include "autograd/reductions.hpp"
#include "autograd/shaping.hpp"
#include "autograd/softmax.hpp"
