#pragma once

#include <cstddef>

/// @file
/// Extents along the two axes of an image.

namespace xtape {

/// A height and a width. Write one number for both, `2`, or one for each, `{2, 3}`.
struct Pair {
  constexpr Pair(std::size_t both) : height(both), width(both) {}
  constexpr Pair(std::size_t of_height, std::size_t of_width)
      : height(of_height), width(of_width) {}

  friend constexpr bool operator==(const Pair&, const Pair&) = default;

  std::size_t height, width;
};

}  // namespace xtape
