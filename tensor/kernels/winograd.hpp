#pragma once

#include "tensor/kernels/convolution.hpp"

/// @file
/// Convolutions with 3 x 3 windows by Winograd's algorithm F(4 x 4, 3 x 3). Used by
/// tensor/kernels/convolution.cpp.

namespace xtape::winograd {

/// True if the functions below can compute a convolution. It must have windows of 3 x 3, stride 1,
/// no dilation, no groups, and padding of at most 2 at each side.
bool can(const Convolution& geometry);

/// True if can(geometry) and the functions are faster than others. There must be at least 16
/// channels on both sides, and at least 8 tiles of 4 x 4 results in the batch. At least half of the
/// results in the tiles must exist.
bool pays(const Convolution& geometry);

/// Computes the same as the function of this name in tensor/kernels/convolution.hpp.
///
/// Results are computed in tiles of 4 x 4 by 36 multiplications for each pair of channels, instead
/// of 144. Rounding errors are about six times larger. A number that is not finite spoils all 16
/// results of its tiles, also those whose window does not hold it.
///@{
void convolve(const Convolution& geometry, const float* x, const float* weight, const float* bias,
              float beta, float* y);
void convolve_transposed(const Convolution& geometry, const float* dy, const float* weight,
                         float beta, float* dx);
void convolve_for_weights(const Convolution& geometry, const float* x, const float* dy, float beta,
                          float* dw);
///@}

}  // namespace xtape::winograd
