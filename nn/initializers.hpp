#pragma once

#include <cmath>
#include <span>

#include "tensor/array.hpp"
#include "tensor/rng.hpp"

/// @file
/// Ways to draw a layer's first weights. An initializer is any callable `(Array<T>& weight, Rng&
/// rng)` that fills a weight (fan_in, fan_out).

namespace xtape::nn {

namespace detail {

template <class T>
double fan_in(const Array<T>& weight) {
  return static_cast<double>(weight.shape().front());
}
template <class T>
double fan_out(const Array<T>& weight) {
  return static_cast<double>(weight.shape().back());
}

}  // namespace detail

/// N(0, deviation^2): `randn * deviation`.
struct Normal {
  double deviation = 0.01;  ///< At least 0, else a call throws ValueError.

  /// Draws every element of `weight`.
  template <class T>
  void operator()(Array<T>& weight, Rng& rng) const {
    rng.fill_normal(std::span<T>(weight.storage()), 0, deviation);
  }
};

/// U(-a, a) with a = sqrt(6 / (fan_in + fan_out)), which keeps the variance of signals and
/// gradients through layers that are symmetric around 0 (Glorot and Bengio 2010).
struct GlorotUniform {
  /// Draws every element of `weight`.
  template <class T>
  void operator()(Array<T>& weight, Rng& rng) const {
    const double bound = std::sqrt(6 / (detail::fan_in(weight) + detail::fan_out(weight)));
    rng.fill_uniform(std::span<T>(weight.storage()), -bound, bound);
  }
};

/// N(0, 2 / (fan_in + fan_out)) (Glorot and Bengio 2010).
struct GlorotNormal {
  /// Draws every element of `weight`.
  template <class T>
  void operator()(Array<T>& weight, Rng& rng) const {
    const double variance = 2 / (detail::fan_in(weight) + detail::fan_out(weight));
    rng.fill_normal(std::span<T>(weight.storage()), 0, std::sqrt(variance));
  }
};

/// U(-a, a) with a = sqrt(6 / fan_in), for layers followed by a ReLU (He et al. 2015).
struct HeUniform {
  /// Draws every element of `weight`.
  template <class T>
  void operator()(Array<T>& weight, Rng& rng) const {
    const double bound = std::sqrt(6 / detail::fan_in(weight));
    rng.fill_uniform(std::span<T>(weight.storage()), -bound, bound);
  }
};

/// N(0, 2 / fan_in), for layers followed by a ReLU (He et al. 2015).
struct HeNormal {
  /// Draws every element of `weight`.
  template <class T>
  void operator()(Array<T>& weight, Rng& rng) const {
    rng.fill_normal(std::span<T>(weight.storage()), 0, std::sqrt(2 / detail::fan_in(weight)));
  }
};

}  // namespace xtape::nn
