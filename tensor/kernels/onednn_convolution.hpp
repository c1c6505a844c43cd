#pragma once

#include <string>

#include "tensor/kernels/convolution.hpp"

/// @file
/// Single-precision convolutions by oneDNN. They are part of the library only if that is built with
/// oneDNN. Used by tensor/kernels/convolution.cpp.

namespace xtape::onednn {

/// The three computations that a convolution needs.
enum class Part {
  forward,     ///< Computes the results.
  transposed,  ///< Computes the gradient of the images.
  weights      ///< Computes the gradient of the weights.
};

/// Returns oneDNN's name of the kernel that computes a part of a convolution on one thread. It is
/// empty if oneDNN has none.
std::string kernel_of(const Convolution& geometry, Part part);

/// Compute the same as the functions of these names in tensor/kernels/convolution.hpp. Return
/// false, and compute nothing, if oneDNN has only its reference kernel, which is hundreds of times
/// slower. No extent may be 0.
///@{
bool convolve(const Convolution& geometry, const float* x, const float* weight, const float* bias,
              float beta, float* y);
bool convolve_transposed(const Convolution& geometry, const float* dy, const float* weight,
                         float beta, float* dx);
bool convolve_for_weights(const Convolution& geometry, const float* x, const float* dy, float beta,
                          float* dw);
///@}

}  // namespace xtape::onednn
