#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "autograd/ops/shaping.hpp"

namespace xtape::nn {

/// A layer that gives each sample of a batch another shape: (batch, ...) becomes (batch, shape).
/// `nn::Reshape({28, 28, 1})` gives grey images (28, 28) the channel that Conv2d expects.
class Reshape {
 public:
  /// Takes the shape of a sample of the result.
  explicit Reshape(Shape sample) : sample_(std::move(sample)) {}

  /// Returns x with the other shape. Throws ShapeError if x is a scalar, or if its samples have
  /// another number of elements.
  template <class T>
  Variable<T> operator()(Variable<T> x) const {
    Shape shape(sample_.size() + 1, x.shape().empty() ? 0 : x.shape()[0]);
    std::copy(sample_.begin(), sample_.end(), shape.begin() + 1);
    if (x.shape().empty() || element_count(shape, "Reshape") != x.value().size()) [[unlikely]] {
      fail<ShapeError>("{}: got {}", describe(), x.shape());
    }
    return reshape(x, shape);
  }

  /// Returns the name in tables and errors: "Reshape to (28, 28, 1)".
  std::string describe() const { return fmt::format("Reshape to {}", sample_); }

  /// True if the samples become rows, as by nn::Flatten. See nn/io/weights.hpp.
  bool is_flatten() const { return sample_.size() == 1; }

  /// Names nothing, because nothing is trained.
  static void visit(auto&, auto&&) {}

 private:
  Shape sample_;
};

}  // namespace xtape::nn
