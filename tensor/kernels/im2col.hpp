#pragma once

#include "tensor/kernels/convolution.hpp"

/// @file
/// Convolutions as matrix products of patches, for any geometry. Used by
/// tensor/kernels/convolution.cpp.

namespace xtape::im2col {

/// Computes the same as the function of this name in tensor/kernels/convolution.hpp.
///@{
template <class T>
void convolve(const Convolution& geometry, const T* x, const T* weight, const T* bias, T beta,
              T* y);
template <class T>
void convolve_transposed(const Convolution& geometry, const T* dy, const T* weight, T beta, T* dx);
template <class T>
void convolve_for_weights(const Convolution& geometry, const T* x, const T* dy, T beta, T* dw);
///@}

}  // namespace xtape::im2col
