#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <type_traits>

#include "tensor/dual_pointer.hpp"
#include "tensor/xtensor.hpp"

/// @file
/// Functions of whole vector registers. Their results agree with the standard library.
///
/// xsimd's functions are accurate to a few units in the last place almost everywhere. In some
/// ranges they are wrong: exp(709.5) is infinite, and the log of a subnormal number is the log of
/// another number. The last elements of a row do not fill a register, and the standard library
/// computes them. So one array could hold two answers for one number.
///
/// If a register holds a number from such a range, the standard library computes all its elements.
/// A few functions always use the standard library.

namespace xtape::detail {

#ifdef XTENSOR_USE_XSIMD
template <class T>
struct BatchOf {
  using type = xt_simd::simd_type<T>;
};
/// A register of values and a register of tangents, or several of each for nested numbers.
template <class F>
struct BatchOf<Dual<F>> {
  using type = Dual<typename BatchOf<F>::type>;
};
template <class T>
using Batch = typename BatchOf<T>::type;
#else
template <class T>
using Batch = T;
#endif

template <class T>
inline constexpr std::size_t batch_size = xt_simd::simd_traits<Real<T>>::size;

#ifdef XTENSOR_USE_XSIMD

/// Reads a register from memory, or writes it there.
///@{
template <class T>
Batch<T> load_lanes(const T* from) {
  return Batch<T>::load_unaligned(from);
}
template <class F>
Batch<Dual<F>> load_lanes(DualPointer<const F> from) {
  return {load_lanes(from.value), load_lanes(from.tangent)};
}
template <class T, class B>
void store_lanes(const B& lanes, T* to) {
  lanes.store_unaligned(to);
}
template <class F, class B>
void store_lanes(const B& lanes, DualPointer<F> to) {
  store_lanes(lanes.value, to.value);
  store_lanes(lanes.tangent, to.tangent);
}
///@}

#endif

/// Magnitudes above `above` and up to `up_to`.
template <class T>
struct Magnitudes {
  T above, up_to;
};

/// The range in which xsimd's version of xtensor's function F is wrong. It is empty unless listed
/// here.
template <class F, class T>
inline constexpr Magnitudes<T> doubtful{0, 0};

// xsimd gives 0 where the result is subnormal, and infinity before the result overflows.
template <>
inline constexpr Magnitudes<float> doubtful<xt::math::exp_fun, float>{87.F, 104.F};
template <>
inline constexpr Magnitudes<double> doubtful<xt::math::exp_fun, double>{708., 746.};
template <>
inline constexpr Magnitudes<float> doubtful<xt::math::expm1_fun, float>{87.F, 104.F};
template <>
inline constexpr Magnitudes<double> doubtful<xt::math::expm1_fun, double>{708., 746.};
template <>
inline constexpr Magnitudes<float> doubtful<xt::math::exp2_fun, float>{126.F, 151.F};
template <>
inline constexpr Magnitudes<double> doubtful<xt::math::exp2_fun, double>{1022., 1076.};

// For large numbers erf is NaN. erfc loses digits, and is 0 where the result is subnormal.
template <>
inline constexpr Magnitudes<double> doubtful<xt::math::erf_fun, double>{
    1e60, std::numeric_limits<double>::infinity()};
template <>
inline constexpr Magnitudes<double> doubtful<xt::math::erfc_fun, double>{
    2.2, std::numeric_limits<double>::infinity()};
#if defined(XSIMD_VERSION_MAJOR) && (XSIMD_VERSION_MAJOR == 9 || XSIMD_VERSION_MAJOR == 10)
template <>
inline constexpr Magnitudes<float> doubtful<xt::math::erfc_fun, float>{
    0.6F, std::numeric_limits<float>::infinity()};
#else
template <>
inline constexpr Magnitudes<float> doubtful<xt::math::erfc_fun, float>{8.F, 10.1F};
#endif

// The logarithm of a subnormal number is wrong.
template <>
inline constexpr Magnitudes<double> doubtful<xt::math::log_fun, double>{
    0, std::numeric_limits<double>::min()};
template <>
inline constexpr Magnitudes<double> doubtful<xt::math::log2_fun, double>{
    0, std::numeric_limits<double>::min()};
template <>
inline constexpr Magnitudes<double> doubtful<xt::math::log10_fun, double>{
    0, std::numeric_limits<double>::min()};

// Far below 1, where acosh is NaN, xsimd gives 0 or infinity.
template <>
inline constexpr Magnitudes<float> doubtful<xt::math::acosh_fun, float>{
    1e3F, std::numeric_limits<float>::infinity()};
template <>
inline constexpr Magnitudes<double> doubtful<xt::math::acosh_fun, double>{
    1e7, std::numeric_limits<double>::infinity()};

// The cube root of a subnormal number loses digits.
template <>
inline constexpr Magnitudes<double> doubtful<xt::math::cbrt_fun, double>{
    0, std::numeric_limits<double>::min()};

template <class F, class... Functions>
inline constexpr bool is_one_of = (std::is_same_v<F, Functions> || ...);

/// True if xsimd's version of xtensor's function F is never used. These versions are wrong for many
/// numbers, such as pow(0, 0), fmod(1e10, 3), hypot(1e30, 1e30) and fmax(1, NaN). Some do not end,
/// such as tgamma(1e20). xsimd's fma rounds twice.
template <class F>
inline constexpr bool always_lane_by_lane =
    is_one_of<F, xt::math::pow_fun, xt::math::fmod_fun, xt::math::remainder_fun,
              xt::math::hypot_fun, xt::math::atan2_fun, xt::math::fmax_fun, xt::math::fmin_fun,
              xt::math::fdim_fun, xt::math::tgamma_fun, xt::math::lgamma_fun, xt::math::fma_fun>;

#ifdef XTENSOR_USE_XSIMD

/// Returns the elements of a register.
template <class B>
std::array<typename B::value_type, B::size> lanes_of(const B& x) {
  std::array<typename B::value_type, B::size> lanes;
  x.store_unaligned(lanes.data());
  return lanes;
}

/// Calls function(x...) for one element of the registers after the other.
template <class F, class B, class... More>
B call_lane_by_lane(const F& function, const B& first, const More&... more) {
  std::array<typename B::value_type, B::size> results;
  const auto call = [&](const auto&... lanes) {
    for (std::size_t i = 0; i < B::size; ++i) {
      results[i] = function(lanes[i]...);
    }
  };
  call(lanes_of(first), lanes_of(more)...);
  return B::load_unaligned(results.data());
}

/// Calls function(x) for one element of the register after the other. The function is out of line,
/// because it is seldom called.
template <class F, class B>
[[gnu::cold, gnu::noinline]] B call_doubtful(const F& function, const B& x) {
  return call_lane_by_lane(function, x);
}

/// True if an element is in the range where xsimd's version of F is wrong.
template <class F, class B>
bool is_doubtful(const B& x) {
  constexpr auto where = doubtful<F, typename B::value_type>;
  if constexpr (where.up_to > 0) {
    const B size = xsimd::abs(x);
    return xsimd::any(size > B(where.above) && size <= B(where.up_to));
  } else {
    return false;
  }
}

#endif

/// True if F gives x for a zero x, of either sign. xsimd's version gives 0 for -0.
template <class F>
inline constexpr bool keeps_zeros = is_one_of<F, xt::math::expm1_fun, xt::math::log1p_fun>;

/// Returns function(x...), element by element, for registers, or for plain numbers without xsimd.
template <class F, class... B>
auto call_lanes(const F& function, const B&... x) {
#ifdef XTENSOR_USE_XSIMD
  if constexpr (always_lane_by_lane<F>) {
    return call_lane_by_lane(function, x...);
  }
  if constexpr (std::is_same_v<F, xt::detail::negate>) {
    return negative(x...);
  }
  if constexpr (sizeof...(x) == 1) {
    if ((is_doubtful<F>(x), ...)) [[unlikely]] {
      return call_doubtful(function, x...);
    }
  }
  if constexpr (std::is_same_v<F, xt::math::erfc_fun>) {
    return xsimd::abs(function.simd_apply(x...));  // xsimd's version gives -0 for large numbers
  }
  if constexpr (keeps_zeros<F>) {
    return xsimd::select((x == B(0))..., x..., function.simd_apply(x...));
  }
#endif
  return function.simd_apply(x...);
}

}  // namespace xtape::detail
