#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

/// Returns the number of steps from a to b through the numbers of T: 0 for equal numbers, for two
/// NaNs, and for 0 and -0.
template <class T>
double steps_between(T a, T b) {
  using Word = std::conditional_t<std::is_same_v<T, float>, std::int32_t, std::int64_t>;
  if (std::isnan(a) || std::isnan(b)) {
    return std::isnan(a) == std::isnan(b) ? 0 : std::numeric_limits<double>::infinity();
  }
  const auto from_zero = [](T x) { return std::bit_cast<Word>(std::abs(x)); };
  if (std::signbit(a) != std::signbit(b)) {
    return static_cast<double>(from_zero(a)) + static_cast<double>(from_zero(b));
  }
  return std::abs(static_cast<double>(from_zero(a) - from_zero(b)));
}
