#pragma once

#include "tensor/kernels/convolution.hpp"

/// @file
/// Convolutions that treat each channel separately. tensor/kernels/convolution.cpp uses them.

namespace xtape::depthwise {

/// True if every channel is a group and has one result: groups = in = out.
bool suits(const Convolution& geometry);

/// Compute the same as the functions of these names in tensor/kernels/convolution.hpp.
///@{
template <class T>
void convolve(const Convolution& geometry, const T* x, const T* weight, const T* bias, T beta,
              T* y);
template <class T>
void convolve_transposed(const Convolution& geometry, const T* dy, const T* weight, T beta, T* dx);
template <class T>
void convolve_for_weights(const Convolution& geometry, const T* x, const T* dy, T beta, T* dw);
///@}

}  // namespace xtape::depthwise
