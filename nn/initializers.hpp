#pragma once

#include <algorithm>
#include <cmath>
#include <span>

#include "tensor/array.hpp"
#include "tensor/rng.hpp"

/// @file
/// Initializers of weights. An initializer is any callable `(Array<T>& weight, Rng& rng)` that
/// fills a weight (..., in, out). fan_in is the number of inputs of one result: `in` times the
/// extents before the last two axes. fan_out is the number of results that one input changes: `out`
/// times these extents. For a convolution with groups, fan_out is this number times the groups. The
/// initializers of this file throw ShapeError if the weight was moved from. All except Normal throw
/// ShapeError if the weight has no axes.

namespace xtape::nn {

namespace detail {

/// The fans of a weight. Both are the extent of a weight with a single axis.
struct Fans {
  double in, out;
};

template <class T>
Fans fans(const char* initializer, const Array<T>& weight) {
  require_whole(initializer, weight);
  require<ShapeError>(weight.dimension() > 0, "{}: expected a weight (..., in, out), got {}",
                      initializer, weight.shape());
  const std::size_t rank = weight.dimension();
  double windows = 1;
  for (std::size_t axis = 0; axis + 2 < rank; ++axis) {
    windows *= static_cast<double>(weight.shape()[axis]);
  }
  return {windows * static_cast<double>(weight.shape()[rank > 1 ? rank - 2 : 0]),
          windows * static_cast<double>(weight.shape().back())};
}

}  // namespace detail

/// The distribution N(0, deviation^2), or `randn * deviation`.
struct Normal {
  double deviation = 0.01;  ///< At least 0. Otherwise, a call throws ValueError.

  /// Draws every element of `weight`.
  template <class T>
  void operator()(Array<T>& weight, Rng& rng) const {
    require_whole("Normal", weight);
    rng.fill_normal(std::span<T>(weight.storage()), 0, deviation);
  }
};

/// The distribution U(-a, a) with a = sqrt(6 / (fan_in + fan_out)). This distribution preserves the
/// variance of signals and gradients, if activations are symmetric around 0 (Glorot and Bengio
/// 2010).
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

/// Windows that pass on channel i as result i: 1 at the centre for that channel, otherwise 0. With
/// groups, they do so in each group. If there are more results than channels, the other filters are
/// drawn by `others`.
template <class Others = HeNormal>
struct Dirac {
  Others others{};         ///< The initializer of the other filters.
  std::size_t groups = 1;  ///< The groups of the convolution.

  /// Fills the weight of a convolution. Throws ShapeError if it has less than three axes, or if its
  /// results cannot be divided into the groups.
  template <class T>
  void operator()(Array<T>& weight, Rng& rng) const {
    others(weight, rng);
    const std::size_t rank = weight.dimension();
    require<ShapeError>(rank > 2, "Dirac: expected a weight (..., in, out), got {}",
                        weight.shape());
    const std::size_t in = weight.shape()[rank - 2], all = weight.shape()[rank - 1];
    require<ShapeError>(groups > 0 && all % groups == 0,
                        "Dirac: {} results cannot be divided into {} groups", all, groups);
    std::size_t windows = 1, centre = 0;
    for (std::size_t axis = 0; axis + 2 < rank; ++axis) {
      windows *= weight.shape()[axis];
      centre = centre * weight.shape()[axis] + weight.shape()[axis] / 2;
    }
    const std::size_t out = all / groups;  // of a group, as `in` is
    for (std::size_t i = 0; i < windows * in; ++i) {
      for (std::size_t result = 0; result < all; ++result) {
        const std::size_t o = result % out;
        if (o < in) {
          weight.data()[i * all + result] = i == centre * in + o ? T(1) : T(0);
        }
      }
    }
  }
};

}  // namespace xtape::nn
