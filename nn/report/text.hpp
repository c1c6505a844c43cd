#pragma once

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "nn/thousands.hpp"

namespace xtape::nn::report {

/// Returns text escaped for HTML and SVG, between tags and in quoted attributes.
std::string escaped(std::string_view text);

using detail::thousands;

/// Returns a power of ten for display: 10⁻³, and 1 for 10⁰.
std::string power_of_ten(int exponent);

/// Appends formatted text, as fmt::format returns it, to `out`.
template <class... Args>
void add(std::string& out, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
}

}  // namespace xtape::nn::report
