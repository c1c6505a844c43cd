#pragma once

#include <cstddef>
#include <string>

#include "autograd/ops/normalization.hpp"

namespace xtape::nn {

/// The op xtape::group_norm as a layer, for (batch, ..., channels). It normalises each group of
/// channels of each sample, and learns a weight and a bias for each channel.
template <class T = float>
class GroupNorm {
 public:
  /// Creates the layer. Throws ValueError unless `groups` divides `channels` and both are above 0.
  GroupNorm(std::size_t groups, std::size_t channels, double epsilon = 1e-5)
      : weight(Shape{channels}, T(1)),
        bias(Shape{channels}, T(0)),
        groups_(groups),
        epsilon_(epsilon) {
    require<ValueError>(groups > 0 && channels > 0 && channels % groups == 0,
                        "GroupNorm: {} channels do not form {} equal groups", channels, groups);
  }

  /// Returns xtape::group_norm(x, groups, weight, bias). Throws ShapeError unless x has two or more
  /// axes and its last axis has the channels.
  template <NumberOver<T> S>
  Variable<S> operator()(Variable<S> x) const {
    if (x.shape().size() < 2 || x.shape().back() != weight.size()) [[unlikely]] {
      fail<ShapeError>("{}: expected (batch, ..., {}), got {}", describe(), weight.size(),
                       x.shape());
    }
    const Variable<S> w = x.tape().parameter(weight);
    return group_norm(x, groups_, w, x.tape().parameter(bias), epsilon_);
  }

  /// Returns the name in tables and errors: "GroupNorm 8 of 64".
  std::string describe() const { return fmt::format("GroupNorm {} of {}", groups_, weight.size()); }

  /// Names the parameters: "weight", "bias".
  static void visit(auto& self, auto&& f) { f("weight", self.weight), f("bias", self.bias); }

  Array<T> weight;  ///< (channels).
  Array<T> bias;    ///< (channels).

 private:
  std::size_t groups_;
  double epsilon_;
};

}  // namespace xtape::nn
