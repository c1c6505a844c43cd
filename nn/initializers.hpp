#pragma once

#include <cmath>
#include <span>

#include "tensor/array.hpp"
#include "tensor/rng.hpp"

/// @file
/// Initializers of weights. An initializer is any callable `(Array<T>& weight, Rng& rng)` that
/// fills a weight (fan_in, fan_out). Those below throw ShapeError if the weight was moved from, or
/// if it has no axes and they need its fans.

namespace xtape::nn {

namespace detail {

/// The first and the last extent of a weight.
struct Fans {
  double in, out;
};

template <class T>
Fans fans(const char* initializer, const Array<T>& weight) {
  require_whole(initializer, weight);
  require<ShapeError>(weight.dimension() > 0, "{}: expected a weight (fan_in, fan_out), got {}",
                      initializer, weight.shape());
  return {static_cast<double>(weight.shape().front()), static_cast<double>(weight.shape().back())};
}

}  // namespace detail

/// The distribution N(0, deviation^2), or `randn * deviation`.
struct Normal {
  double deviation = 0.01;  ///< At least 0. Otherwise a call throws ValueError.

  /// Draws every element of `weight`.
  template <class T>
  void operator()(Array<T>& weight, Rng& rng) const {
    require_whole("Normal", weight);
    rng.fill_normal(std::span<T>(weight.storage()), 0, deviation);
  }
};

/// The distribution U(-a, a) with a = sqrt(6 / (fan_in + fan_out)). It preserves the variance of
/// signals and gradients through layers that are symmetric around 0 (Glorot and Bengio 2010).
struct GlorotUniform {
  /// Draws every element of `weight`.
  template <class T>
  void operator()(Array<T>& weight, Rng& rng) const {
    const auto [in, out] = detail::fans("GlorotUniform", weight);
    const double bound = std::sqrt(6 / (in + out));
    rng.fill_uniform(std::span<T>(weight.storage()), -bound, bound);
  }
};

/// The distribution N(0, 2 / (fan_in + fan_out)) (Glorot and Bengio 2010).
struct GlorotNormal {
  /// Draws every element of `weight`.
  template <class T>
  void operator()(Array<T>& weight, Rng& rng) const {
    const auto [in, out] = detail::fans("GlorotNormal", weight);
    rng.fill_normal(std::span<T>(weight.storage()), 0, std::sqrt(2 / (in + out)));
  }
};

/// The distribution U(-a, a) with a = sqrt(6 / fan_in), for layers followed by a ReLU (He et al.
/// 2015).
struct HeUniform {
  /// Draws every element of `weight`.
  template <class T>
  void operator()(Array<T>& weight, Rng& rng) const {
    const double bound = std::sqrt(6 / detail::fans("HeUniform", weight).in);
    rng.fill_uniform(std::span<T>(weight.storage()), -bound, bound);
  }
};

/// The distribution N(0, 2 / fan_in), for layers followed by a ReLU (He et al. 2015).
struct HeNormal {
  /// Draws every element of `weight`.
  template <class T>
  void operator()(Array<T>& weight, Rng& rng) const {
    const double deviation = std::sqrt(2 / detail::fans("HeNormal", weight).in);
    rng.fill_normal(std::span<T>(weight.storage()), 0, deviation);
  }
};

}  // namespace xtape::nn
