#pragma once

/// @file
/// All ops, one header per family.

#include "autograd/ops/activations.hpp"
#include "autograd/ops/arithmetic.hpp"
#include "autograd/ops/comparisons.hpp"
#include "autograd/ops/convolution.hpp"
#include "autograd/ops/dropout.hpp"
#include "autograd/ops/duals.hpp"
#include "autograd/ops/einsum.hpp"
#include "autograd/ops/images.hpp"
#include "autograd/ops/indexing.hpp"
#include "autograd/ops/linear_algebra.hpp"
#include "autograd/ops/losses.hpp"
#include "autograd/ops/math.hpp"
#include "autograd/ops/matrix.hpp"
#include "autograd/ops/normalization.hpp"
#include "autograd/ops/pooling.hpp"
#include "autograd/ops/reductions.hpp"
#include "autograd/ops/shaping.hpp"
#include "autograd/ops/softmax.hpp"
#include "autograd/ops/triangles.hpp"
