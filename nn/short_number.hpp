#pragma once

#include <fmt/format.h>

#include <cmath>
#include <string>

namespace xtape::nn::detail {

/// Returns a number for a line of text: with four decimals, such as 0.1234, or with four digits if
/// it is large or small, such as 1.234e-05.
inline std::string short_number(double number) {
  const double size = std::abs(number);
  const bool plain = size == 0 || (size >= 1e-3 && size < 1e6);
  return plain ? fmt::format("{:.4f}", number) : fmt::format("{:.4g}", number);
}

}  // namespace xtape::nn::detail
