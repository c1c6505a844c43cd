#pragma once

#include <fmt/format.h>

#include <iosfwd>
#include <string>

#include "tensor/array.hpp"

/// @file
/// Arrays as text: shape, scalar type and elements, with fmt and with streams.
///
///     (2, 3) float
///     [[  1,   2,   3],
///      [0.5, nan, inf]]
///
/// A Dual number is shown as `0.5+2e`: the value, and the tangent before an e.
///
/// If an array has more than 1000 elements, long axes show the first and the last three.

namespace xtape {

/// Returns the array as text, each element with `precision` significant digits.
template <class T>
std::string to_string(const Array<T>& array, int precision = 6);

/// Prints the array with the precision of the stream.
template <class T>
std::ostream& operator<<(std::ostream& out, const Array<T>& array);

namespace detail {

/// The precision in a format specification: `{}` means 6 digits, `{:.3}` means 3.
struct PrecisionFormatter {
  constexpr auto parse(fmt::format_parse_context& context) {
    auto place = context.begin();
    if (place != context.end() && *place == '.') {
      precision = 0;
      for (++place; place != context.end() && *place >= '0' && *place <= '9' && precision < 100;
           ++place) {
        precision = 10 * precision + (*place - '0');
      }
    }
    if (place != context.end() && *place != '}') {
      throw fmt::format_error("expected {} or a number of digits, {:.3}");
    }
    return place;
  }

  int precision = 6;
};

template <class T>
struct ArrayFormatter : PrecisionFormatter {
  auto format(const Array<T>& array, fmt::format_context& context) const {
    return fmt::format_to(context.out(), "{}", to_string(array, this->precision));
  }
};

}  // namespace detail

}  // namespace xtape

/// Lets `fmt::format("{:.3}", array)` print an array.
///@{
template <>
struct fmt::formatter<xtape::Array<float>> : xtape::detail::ArrayFormatter<float> {};
template <>
struct fmt::formatter<xtape::Array<double>> : xtape::detail::ArrayFormatter<double> {};
template <class F>
struct fmt::formatter<xtape::Array<xtape::Dual<F>>>
    : xtape::detail::ArrayFormatter<xtape::Dual<F>> {};
///@}
