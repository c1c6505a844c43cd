#pragma once

#include <string>
#include <string_view>

#include "autograd/ops/convolution.hpp"
#include "nn/initializers.hpp"

namespace xtape::nn {

/// Options of Conv2d and Conv1d. For Conv1d, each option is one number.
struct ConvOptions {
  Pair stride = 1;         ///< See xtape::Conv2dOptions.
  Padding padding = 0;     ///< See xtape::Conv2dOptions.
  Pair dilation = 1;       ///< See xtape::Conv2dOptions.
  std::size_t groups = 1;  ///< See xtape::Conv2dOptions.
  bool bias = true;        ///< True if the layer adds a bias to each channel.
};

/// Options of ConvTranspose2d.
struct ConvTransposeOptions {
  Pair stride = 1;          ///< See xtape::ConvTranspose2dOptions.
  Pair padding = 0;         ///< See xtape::ConvTranspose2dOptions.
  Pair output_padding = 0;  ///< See xtape::ConvTranspose2dOptions.
  std::size_t groups = 1;   ///< See xtape::ConvTranspose2dOptions.
  bool bias = true;         ///< True if the layer adds a bias to each channel.
  Pair dilation = 1;        ///< See xtape::ConvTranspose2dOptions.
};

namespace detail {

/// The sizes of a convolution layer, for its checks and messages.
struct ConvSizes {
  const char* layer;
  std::size_t in, out;
  Shape kernel;  ///< (height, width), or (length).
  std::size_t groups;

  /// Returns whether no extent of the kernel is 0.
  bool has_window() const;
  /// Throws ValueError if a size is 0, or if the groups do not divide the channels.
  void check() const;
  /// Returns "Conv2d 3 -> 64, 5 x 5", or "Conv1d 3 -> 64, 5".
  std::string text() const;
  /// Throws ShapeError unless x is (batch, height, width, in), or (batch, length, in) for a kernel
  /// of one axis.
  void require_input(const Shape& x) const;
};

/// Returns the channels of a group, or 0 if there are no groups.
constexpr std::size_t part(std::size_t channels, std::size_t groups) {
  return groups == 0 ? 0 : channels / groups;
}

/// Returns the number that both axes have. Throws ValueError, with the name of the option, if they
/// differ.
std::size_t only_extent(const char* option, Pair value);

/// Fills the weight (kernel height, kernel width, out / groups, in) of a transposed convolution.
/// `initialize` draws the weight of a convolution, (kernel height, kernel width, in / groups, out).
/// An initializer tells inputs from results by the order of the axes. Throws ShapeError if
/// `initialize` leaves another shape.
template <class T, class Initializer>
void initialize_transposed(Array<T>& weight, std::size_t groups, Rng& rng,
                           Initializer& initialize) {
  const Shape& shape = weight.shape();
  const std::size_t windows = shape[0] * shape[1], out = shape[2], in = shape[3] / groups;
  const Shape expected{shape[0], shape[1], in, groups * out};
  Array<T> drawn(expected);
  initialize(drawn, rng);
  require<ShapeError>(same_shape(drawn.shape(), expected),
                      "ConvTranspose2d: the initializer left a weight {}, expected {}",
                      drawn.shape(), expected);
  const T* next = drawn.data();
  for (std::size_t place = 0; place < windows; ++place) {
    for (std::size_t i = 0; i < in; ++i) {
      for (std::size_t o = 0; o < groups * out; ++o) {
        weight.data()[((place * out + o % out) * groups + o / out) * in + i] = *next++;
      }
    }
  }
}

/// The weight and the bias of a convolution layer.
template <class T>
class ConvParameters {
 public:
  /// Names the parameters: "weight", and "bias" if there is one.
  static void visit(auto& self, auto&& f) {
    f("weight", self.weight);
    if (self.has_bias_) {
      f("bias", self.bias);
    }
  }

  /// PyTorch stores the weight as (out, in, ...). See nn/module.hpp.
  static constexpr std::string_view transposed_in_pytorch = "weight";

  Array<T> weight;  ///< The windows, then the channels. See the layer.
  Array<T> bias;    ///< (out), if the layer has one.

 protected:
  ConvParameters(const ConvSizes& sizes, const Shape& shape, bool has_bias) : has_bias_(has_bias) {
    sizes.check();
    resize(weight, shape);
    bias = Array<T>(Shape{has_bias ? sizes.out : 0}, T(0));
  }

  /// Calls `op(x, weight, bias, options)`, or without a bias `op(x, weight, options)`.
  template <NumberOver<T> S, class Op, class Options>
  Variable<S> apply(Variable<S> x, const Options& options, Op op) const {
    const Variable<S> w = x.tape().parameter(weight);  // before the bias, for any compiler
    return has_bias_ ? op(x, w, x.tape().parameter(bias), options) : op(x, w, options);
  }

  /// Returns an extent of the weight, or 0 if the weight was moved from.
  std::size_t extent(std::size_t rank, std::size_t axis) const {
    return weight.dimension() == rank ? weight.shape()[axis] : 0;
  }

 private:
  bool has_bias_;
};

}  // namespace detail

/// A layer that computes y = conv2d(x, weight, bias, options) for images x (batch, height, width,
/// in), with weight (kernel height, kernel width, in / groups, out) and bias (out). See
/// autograd/ops/convolution.hpp.
template <class T = float>
class Conv2d : public detail::ConvParameters<T> {
 public:
  /// Draws the weights with `initialize`. Biases are 0. `kernel` is the size of a window: 3 or
  /// {3, 5}. Throws ValueError if a size is 0, or if the groups do not divide the channels.
  template <class Initializer = HeNormal>
  Conv2d(std::size_t in, std::size_t out, Pair kernel, Rng& rng, const ConvOptions& options = {},
         Initializer initialize = {})
      : detail::ConvParameters<T>(
            {"Conv2d", in, out, {kernel.height, kernel.width}, options.groups},
            Shape{kernel.height, kernel.width, detail::part(in, options.groups), out},
            options.bias),
        options_{options.stride, options.padding, options.dilation, options.groups} {
    initialize(this->weight, rng);
  }

  /// Returns the convolution of x. Throws ShapeError if x is not (batch, height, width, in), or if
  /// the windows do not fit into the images.
  template <NumberOver<T> S>
  Variable<S> operator()(Variable<S> x) const {
    sizes().require_input(x.shape());
    return this->apply(x, options_, [](auto... all) { return conv2d(all...); });
  }

  /// Returns the name in tables and errors: "Conv2d 3 -> 64, 5 x 5".
  std::string describe() const { return sizes().text(); }

  /// Returns the options of the op.
  const Conv2dOptions& options() const { return options_; }

 private:
  detail::ConvSizes sizes() const {
    return {"Conv2d",
            this->extent(4, 2) * options_.groups,
            this->extent(4, 3),
            {this->extent(4, 0), this->extent(4, 1)},
            options_.groups};
  }

  Conv2dOptions options_;
};

/// A layer that computes y = conv1d(x, weight, bias, options) for sequences x (batch, length, in),
/// with weight (kernel, in / groups, out) and bias (out). See autograd/ops/convolution.hpp.
template <class T = float>
class Conv1d : public detail::ConvParameters<T> {
 public:
  /// Draws the weights with `initialize`. Biases are 0. `kernel` is the length of a window. Throws
  /// ValueError if a size is 0, if the groups do not divide the channels, or if an option is a pair
  /// of two numbers.
  template <class Initializer = HeNormal>
  Conv1d(std::size_t in, std::size_t out, std::size_t kernel, Rng& rng,
         const ConvOptions& options = {}, Initializer initialize = {})
      : detail::ConvParameters<T>({"Conv1d", in, out, {kernel}, options.groups},
                                  Shape{kernel, detail::part(in, options.groups), out},
                                  options.bias),
        options_{detail::only_extent("stride", options.stride), options.padding,
                 detail::only_extent("dilation", options.dilation), options.groups} {
    detail::only_extent("padding", options.padding.zeros);
    initialize(this->weight, rng);
  }

  /// Returns the convolution of x. Throws ShapeError if x is not (batch, length, in), or if the
  /// windows do not fit into the sequences.
  template <NumberOver<T> S>
  Variable<S> operator()(Variable<S> x) const {
    sizes().require_input(x.shape());
    return this->apply(x, options_, [](auto... all) { return conv1d(all...); });
  }

  /// Returns the name in tables and errors: "Conv1d 3 -> 64, 5".
  std::string describe() const { return sizes().text(); }

 private:
  detail::ConvSizes sizes() const {
    return {"Conv1d",
            this->extent(3, 1) * options_.groups,
            this->extent(3, 2),
            {this->extent(3, 0)},
            options_.groups};
  }

  Conv1dOptions options_;
};

/// A layer that computes y = conv_transpose2d(x, weight, bias, options) for images x (batch,
/// height, width, in), with weight (kernel height, kernel width, out / groups, in) and bias (out).
/// See autograd/ops/convolution.hpp.
template <class T = float>
class ConvTranspose2d : public detail::ConvParameters<T> {
 public:
  /// Draws the weights with `initialize`, which sees them as (kernel height, kernel width, in /
  /// groups, out). Biases are 0. `kernel` is the size of a window: 3 or {3, 5}. Throws ValueError
  /// if a size is 0, or if the groups do not divide the channels.
  template <class Initializer = HeNormal>
  ConvTranspose2d(std::size_t in, std::size_t out, Pair kernel, Rng& rng,
                  const ConvTransposeOptions& options = {}, Initializer initialize = {})
      : detail::ConvParameters<T>(
            {"ConvTranspose2d", in, out, {kernel.height, kernel.width}, options.groups},
            Shape{kernel.height, kernel.width, detail::part(out, options.groups), in},
            options.bias),
        options_{options.stride, options.padding, options.output_padding, options.groups,
                 options.dilation} {
    detail::initialize_transposed(this->weight, options.groups, rng, initialize);
  }

  /// Returns the transposed convolution of x. Throws ShapeError if x is not (batch, height, width,
  /// in), or if the padding leaves nothing of the result.
  template <NumberOver<T> S>
  Variable<S> operator()(Variable<S> x) const {
    sizes().require_input(x.shape());
    return this->apply(x, options_, [](auto... all) { return conv_transpose2d(all...); });
  }

  /// Returns the name in tables and errors: "ConvTranspose2d 64 -> 3, 5 x 5".
  std::string describe() const { return sizes().text(); }

  /// Returns the number of channels of a result, for nn/module.hpp.
  std::size_t results() const { return sizes().out; }

 private:
  detail::ConvSizes sizes() const {
    return {"ConvTranspose2d",
            this->extent(4, 3),
            this->extent(4, 2) * options_.groups,
            {this->extent(4, 0), this->extent(4, 1)},
            options_.groups};
  }

  ConvTranspose2dOptions options_;
};

}  // namespace xtape::nn
