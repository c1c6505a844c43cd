#pragma once

#include <string>

#include "autograd/ops/images.hpp"

namespace xtape::nn {

/// The op xtape::upsample2d as a layer, for images (batch, height, width, channels).
class Upsample2d {
 public:
  /// Takes the factor for height and width, and the interpolation: `nn::Upsample2d(2)`.
  explicit Upsample2d(Pair factor, Upsampling mode = Upsampling::nearest)
      : factor_(factor), mode_(mode) {}

  /// Returns xtape::upsample2d(x).
  template <class T>
  Variable<T> operator()(Variable<T> x) const {
    return upsample2d(x, factor_, mode_);
  }

  /// Returns the name in tables and errors: "Upsample2d 2x2, nearest".
  std::string describe() const {
    return fmt::format("Upsample2d {}x{}, {}", factor_.height, factor_.width,
                       mode_ == Upsampling::nearest ? "nearest" : "bilinear");
  }

  /// Names nothing, because the layer has no parameters.
  static void visit(auto&, auto&&) {}

 private:
  Pair factor_;
  Upsampling mode_;
};

}  // namespace xtape::nn
