#pragma once

#include <string>

#include "autograd/ops/pooling.hpp"

namespace xtape::nn {

namespace detail {

/// Returns "MaxPool2d 2x2", or "MaxPool2d 3x3, stride 2x2, padding 1x1".
template <class Options>
std::string describe_pool(const char* name, Pair kernel, const Options& options) {
  const auto text = [](Pair pair) { return fmt::format("{}x{}", pair.height, pair.width); };
  std::string result = fmt::format("{} {}", name, text(kernel));
  if (!(options.stride == Pair(0) || options.stride == kernel)) {
    result += ", stride " + text(options.stride);
  }
  if (!(options.padding == Pair(0))) {
    result += ", padding " + text(options.padding);
  }
  return result;
}

}  // namespace detail

/// The op xtape::max_pool2d as a layer, for images (batch, height, width, channels).
class MaxPool2d {
 public:
  /// Takes the size of the windows and the options: `nn::MaxPool2d(3, {.stride = 2, .padding =
  /// 1})`.
  explicit MaxPool2d(Pair kernel, const MaxPoolOptions& options = {})
      : kernel_(kernel), options_(options) {}

  /// Returns xtape::max_pool2d(x).
  template <class T>
  Variable<T> operator()(Variable<T> x) const {
    return max_pool2d(x, kernel_, options_);
  }

  /// Returns the name in tables and errors: "MaxPool2d 3x3, stride 2x2, padding 1x1".
  std::string describe() const { return detail::describe_pool("MaxPool2d", kernel_, options_); }

  /// Returns the size of a window.
  Pair kernel() const { return kernel_; }

  /// Returns the options of the op.
  const MaxPoolOptions& options() const { return options_; }

  /// Names nothing, because nothing is trained.
  static void visit(auto&, auto&&) {}

 private:
  Pair kernel_;
  MaxPoolOptions options_;
};

/// The op xtape::avg_pool2d as a layer, for images (batch, height, width, channels).
class AvgPool2d {
 public:
  /// Takes the size of the windows and the options: `nn::AvgPool2d(2)`.
  explicit AvgPool2d(Pair kernel, const AvgPoolOptions& options = {})
      : kernel_(kernel), options_(options) {}

  /// Returns xtape::avg_pool2d(x).
  template <class T>
  Variable<T> operator()(Variable<T> x) const {
    return avg_pool2d(x, kernel_, options_);
  }

  /// Returns the name in tables and errors: "AvgPool2d 2x2".
  std::string describe() const { return detail::describe_pool("AvgPool2d", kernel_, options_); }

  /// Returns the size of a window.
  Pair kernel() const { return kernel_; }

  /// Returns the options of the op.
  const AvgPoolOptions& options() const { return options_; }

  /// Names nothing, because nothing is trained.
  static void visit(auto&, auto&&) {}

 private:
  Pair kernel_;
  AvgPoolOptions options_;
};

/// The op xtape::global_avg_pool2d as a layer. It maps images (batch, height, width, channels) to
/// (batch, channels).
struct GlobalAvgPool2d {
  /// Returns the mean of each channel of each image.
  auto operator()(auto x) const { return global_avg_pool2d(x); }
};

}  // namespace xtape::nn
