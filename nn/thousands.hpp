#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace xtape::nn::detail {

/// Returns a count with commas between the thousands: 101,770.
inline std::string thousands(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t end = digits.size(); end > 3; end -= 3) {
    digits.insert(digits.begin() + static_cast<std::ptrdiff_t>(end - 3), ',');
  }
  return digits;
}

}  // namespace xtape::nn::detail
