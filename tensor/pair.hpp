#pragma once

#include <cstddef>
#include <string>

/// @file
/// Extents along the two axes of an image.

namespace xtape {

/// A height and a width. Write one number for both, `2`, or one for each, `{2, 3}`.
struct Pair {
  /// Makes a pair of equal numbers.
  constexpr Pair(std::size_t both) : height(both), width(both) {}
  /// Makes a pair of a height and a width.
  constexpr Pair(std::size_t of_height, std::size_t of_width)
      : height(of_height), width(of_width) {}

  /// Returns whether both numbers are equal.
  friend constexpr bool operator==(const Pair&, const Pair&) = default;

  std::size_t height;  ///< Along the height.
  std::size_t width;   ///< Along the width.
};

/// Returns "2" if both numbers are 2, else "(2, 3)".
std::string text_of(Pair pair);

}  // namespace xtape
