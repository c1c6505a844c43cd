#pragma once

/// @file
/// The only header of xtape that includes xtensor. It supports both header layouts (flat up to
/// 0.25, folders from 0.26) and repairs xtensor 0.24 for C++20.

#if __has_include(<xtensor/containers/xarray.hpp>)
#include <xtensor/containers/xarray.hpp>
#include <xtensor/core/xmath.hpp>
#include <xtensor/core/xnoalias.hpp>
#else
#include <xtensor/xexpression_traits.hpp>
#include <xtensor/xtensor_config.hpp>
#include <xtensor/xtensor_forward.hpp>

// xtensor 0.24 guards these specialisations with `#if __cplusplus == 201703L`. In C++20, GCC then
// mistakes the small vector that holds a dynamic shape for a fixed-rank one, and temporaries of
// dynamic arrays become `xtensor<T, 4>`.
#if XTENSOR_VERSION_MINOR < 25 && defined(__GNUC__) && !defined(__clang__) && __cplusplus > 201703L
namespace xt::detail {
template <>
struct xtype_for_shape<dynamic_shape<std::size_t> > {
  template <class T, layout_type L>
  using type = xarray<T, L>;
};
template <>
struct xtype_for_shape<dynamic_shape<std::ptrdiff_t> > {
  template <class T, layout_type L>
  using type = xarray<T, L>;
};
}  // namespace xt::detail
#endif

#include <xtensor/xarray.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xnoalias.hpp>
#endif
