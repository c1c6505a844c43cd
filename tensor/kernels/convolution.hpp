#pragma once

#include <cstddef>
#include <type_traits>

#include "tensor/dual_pointer.hpp"
#include "tensor/pair.hpp"
#include "tensor/shape.hpp"

/// @file
/// Convolutions of images: geometry and kernels.

namespace xtape {

/// The type of `same`.
struct Same {};

/// The padding with which a convolution of stride 1 keeps the size of its images. An even number of
/// rows of zeros is divided equally between both sides. For an odd number, the last side has one
/// more.
inline constexpr Same same;

/// Rows and columns of zeros around an image: a number for all sides, one for each axis, or `same`.
struct Padding {
  /// Takes a number for all sides, one for each axis, or `same`.
  ///@{
  constexpr Padding(std::size_t both) : zeros(both) {}
  constexpr Padding(std::size_t of_height, std::size_t of_width) : zeros(of_height, of_width) {}
  constexpr Padding(Pair of_axes) : zeros(of_axes) {}
  constexpr Padding(Same) : zeros(0), is_same(true) {}
  ///@}

  Pair zeros;            ///< At each end of an axis.
  bool is_same = false;  ///< True for `same`.
};

/// The options of conv2d.
struct Conv2dOptions {
  Pair stride = 1;         ///< The distance between neighbouring windows.
  Padding padding = 0;     ///< Zeros around the image.
  Pair dilation = 1;       ///< The distance between neighbouring elements of a window.
  std::size_t groups = 1;  ///< Groups of channels that are convolved separately.
};

/// The options of conv1d.
struct Conv1dOptions {
  std::size_t stride = 1;    ///< The distance between neighbouring windows.
  Padding padding = 0;       ///< Zeros at each end: a number or `same`.
  std::size_t dilation = 1;  ///< The distance between neighbouring elements of a window.
  std::size_t groups = 1;    ///< Groups of channels that are convolved separately.
};

/// The options of conv_transpose2d.
struct ConvTranspose2dOptions {
  Pair stride = 1;          ///< Zeros between elements of the input, plus 1.
  Pair padding = 0;         ///< Rows and columns cut off at each side of the result.
  Pair output_padding = 0;  ///< Rows and columns added at the end of the result.
  std::size_t groups = 1;   ///< Groups of channels that are convolved separately.
  Pair dilation = 1;        ///< The distance between neighbouring elements of a window.
};

/// The geometry of a convolution: images x (batch, height, width, in), weights (kernel height,
/// kernel width, in / groups, out), and results y (batch, height, width, out).
///
/// y(n, i, j, o) = sum over (a, b, c) of weight(a, b, c, o)
/// x(n, i stride + a dilation - before, j stride + b dilation - before, c), where x is 0 outside
/// the image. Channel c is one of the group of o.
struct Convolution {
  std::size_t batch;   ///< The number of images.
  Pair image;          ///< Height and width of x.
  std::size_t in;      ///< The channels of x.
  Pair kernel;         ///< Height and width of a window.
  Pair result;         ///< Height and width of y.
  std::size_t out;     ///< The channels of y.
  Pair stride;         ///< See Conv2dOptions.
  Pair dilation;       ///< See Conv2dOptions.
  Pair before;         ///< Rows and columns of zeros before the image.
  std::size_t groups;  ///< See Conv2dOptions.

  /// Returns the number of elements of x, of the weights, and of y.
  ///@{
  std::size_t image_size() const { return batch * image.height * image.width * in; }
  std::size_t weight_size() const { return taps() * in / groups * out; }
  std::size_t result_size() const { return positions() * out; }
  ///@}

  /// Returns the number of windows in all images.
  std::size_t positions() const { return batch * result.height * result.width; }
  /// Returns the number of elements of a window in one channel.
  std::size_t taps() const { return kernel.height * kernel.width; }
  /// Returns the number of multiplications, those with zeros of the padding included.
  std::size_t multiplications() const { return positions() * (weight_size()); }
};

/// Returns the geometry of conv2d for images and weights of these shapes. Throws ShapeError or
/// ValueError, with the name `op`, if the shapes or options do not fit.
Convolution convolution_of(const char* op, const Shape& x, const Shape& weight,
                           const Conv2dOptions& options);

/// Returns the geometry of conv1d for x (batch, length, in) and weight (kernel, in / groups, out).
/// Images and windows have the height 1. Throws ShapeError or ValueError, with the name `op`, if
/// the shapes or options do not fit.
Convolution convolution_of(const char* op, const Shape& x, const Shape& weight,
                           const Conv1dOptions& options);

/// Returns the geometry of the convolution whose transpose conv_transpose2d computes. That
/// convolution maps the result of conv_transpose2d to the shape of its operand x. Throws ShapeError
/// or ValueError, with the name `op`, if the shapes or options do not fit.
Convolution convolution_of(const char* op, const Shape& x, const Shape& weight,
                           const ConvTranspose2dOptions& options);

/// Computes y = the convolution + bias + beta y. `bias` (out) may be null. In this and the next
/// functions, beta is 0 or 1.
///@{
template <class T>
void convolve(const Convolution& geometry, const T* x, const T* weight, const T* bias, T beta,
              T* y);
template <class F>
void convolve(const Convolution& geometry, DualPointer<const F> x, DualPointer<const F> weight,
              DualPointer<const F> bias, std::type_identity_t<Dual<F>> beta, DualPointer<F> y) {
  convolve(geometry, x.value, weight.value, bias.value, beta.value, y.value);
  convolve(geometry, x.tangent, weight.value, bias.tangent, beta.value, y.tangent);
  if (!weight.constant) {
    convolve(geometry, x.value, weight.tangent, NumberPointer<const F>{}, F(1), y.tangent);
  }
}
///@}

/// Computes dx = the gradient of the images + beta dx. This is the transpose of the convolution.
///@{
template <class T>
void convolve_transposed(const Convolution& geometry, const T* dy, const T* weight, T beta, T* dx);

template <class F>
void convolve_transposed(const Convolution& geometry, DualPointer<const F> dy,
                         DualPointer<const F> weight, std::type_identity_t<Dual<F>> beta,
                         DualPointer<F> dx) {
  detail::apply_bilinear(dy, weight, beta, dx, [&](auto a, auto b, F factor, auto result) {
    convolve_transposed(geometry, a, b, factor, result);
  });
}
///@}

/// Computes dw = the gradient of the weights + beta dw.
///@{
template <class T>
void convolve_for_weights(const Convolution& geometry, const T* x, const T* dy, T beta, T* dw);
template <class F>
void convolve_for_weights(const Convolution& geometry, DualPointer<const F> x,
                          DualPointer<const F> dy, std::type_identity_t<Dual<F>> beta,
                          DualPointer<F> dw) {
  detail::apply_bilinear(x, dy, beta, dw, [&](auto a, auto b, F factor, auto result) {
    convolve_for_weights(geometry, a, b, factor, result);
  });
}
///@}

/// Switches Winograd's algorithm on or off, for the whole process. While the algorithm is on,
/// convolutions of floats with windows of 3 x 3 use it where it is faster
/// (tensor/kernels/winograd.hpp). The algorithm is on at the start, unless the environment variable
/// XTAPE_WINOGRAD is 0.
///@{
void set_winograd(bool on) noexcept;
bool winograd_is_on() noexcept;
///@}

}  // namespace xtape
