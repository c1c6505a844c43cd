#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "autograd/ops/pooling.hpp"
#include "examples/backprop/dense.hpp"
#include "examples/backprop/windows.hpp"
#include "tensor/kernels/convolution.hpp"

/// The layers of convolutional networks and their gradients, written by hand with plain loops.
/// docs/convolution.md derives every line.

namespace by_hand {

/// All numbers of the formulas for images are doubles.
using Values = xtape::Array<double>;

/// The gradients that a layer computes from the gradient dy of its result.
struct Backward {
  Values dx;                       ///< The gradient of the layer's input.
  std::vector<Values> parameters;  ///< The gradient of each parameter, summed over the batch.
};

/// A layer y = f(x). Both functions throw ShapeError if the shapes do not fit.
class Layer {
 public:
  Layer() = default;
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;
  virtual ~Layer() = default;

  /// Returns y.
  virtual Values forward(const Values& x) const = 0;

  /// Returns the gradients by the chain rule.
  virtual Backward backward(const Values& x, const Values& dy) const = 0;
};

/// A convolution: y = x * w + b. The windows of w move over x.
class Convolution final : public Layer {
 public:
  /// Takes w (kernel height, kernel width, in / groups, out) and b (out), if there is one.
  Convolution(Values w, std::optional<Values> b, const xtape::Conv2dOptions& options);

  Values forward(const Values& x) const override;
  Backward backward(const Values& x, const Values& dy) const override;

 private:
  Windows windows(const Values& x) const;

  Values w_;
  std::optional<Values> b_;
  xtape::Conv2dOptions options_;
};

/// The maximum of each window.
class MaxPool final : public Layer {
 public:
  MaxPool(xtape::Pair kernel, const xtape::MaxPoolOptions& options);

  Values forward(const Values& x) const override;
  Backward backward(const Values& x, const Values& dy) const override;

 private:
  xtape::Pair kernel_;
  xtape::MaxPoolOptions options_;
};

/// The mean of each window.
class AveragePool final : public Layer {
 public:
  AveragePool(xtape::Pair kernel, const xtape::AvgPoolOptions& options);

  Values forward(const Values& x) const override;
  Backward backward(const Values& x, const Values& dy) const override;

 private:
  /// Calls f(n, i, j, r, s, share) for each pixel (r, s) of each window (i, j) of each image n. The
  /// pixel has this share in the mean.
  template <class F>
  void visit(const Values& x, F&& f) const;

  xtape::Pair kernel_;
  xtape::AvgPoolOptions options_;
};

/// The mean of each channel of each image: (batch, channels).
class GlobalAveragePool final : public Layer {
 public:
  Values forward(const Values& x) const override;
  Backward backward(const Values& x, const Values& dy) const override;
};

/// Batch normalisation: y = gamma (x - mean) / deviation + beta for each channel, over the batch.
class BatchNorm final : public Layer {
 public:
  /// Takes gamma and beta (channels). Without them, they are 1 and 0.
  BatchNorm(std::optional<Values> gamma, std::optional<Values> beta, double epsilon);

  Values forward(const Values& x) const override;
  Backward backward(const Values& x, const Values& dy) const override;

 private:
  std::optional<Values> gamma_, beta_;
  double epsilon_;
};

/// The activation of each element.
class Pointwise final : public Layer {
 public:
  explicit Pointwise(const Activation<double>& activation);

  Values forward(const Values& x) const override;
  Backward backward(const Values& x, const Values& dy) const override;

 private:
  Activation<double> activation_;
};

/// y = (x - mean) / deviation for each element.
class Standardize final : public Layer {
 public:
  Standardize(double mean, double deviation) : mean_(mean), deviation_(deviation) {}

  Values forward(const Values& x) const override { return (x - mean_) / deviation_; }
  Backward backward(const Values& x, const Values& dy) const override;

 private:
  double mean_, deviation_;
};

/// Layers that are called one after the other.
class Chain final : public Layer {
 public:
  /// Adds a layer at the end.
  void push_back(std::unique_ptr<Layer> layer);

  Values forward(const Values& x) const override;
  Backward backward(const Values& x, const Values& dy) const override;

 private:
  std::vector<std::unique_ptr<Layer>> layers_;
};

/// y = g(x) + f(x).
class Residual final : public Layer {
 public:
  Residual(std::unique_ptr<Layer> body, std::unique_ptr<Layer> shortcut);

  Values forward(const Values& x) const override;
  Backward backward(const Values& x, const Values& dy) const override;

 private:
  std::unique_ptr<Layer> body_, shortcut_;
};

}  // namespace by_hand
