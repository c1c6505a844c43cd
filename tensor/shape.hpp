#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>

#include "tensor/error.hpp"
#include "tensor/xtensor.hpp"

/// @file
/// Shapes and their arithmetic.

namespace xtape {

/// The extents of an array, outermost axis first. A scalar has the empty shape. Up to four axes
/// cost no allocation.
using Shape = xt::dynamic_shape<std::size_t>;

/// The most axes that an array may have: a set of axes is kept as the bits of one word.
inline constexpr std::size_t max_rank = 63;

namespace detail {

/// The product of the extents; nothing when that of the extents other than 0 does not fit in
/// std::size_t, so that no part of a shape overflows, in whatever order it is multiplied.
template <class S>
std::optional<std::size_t> count_elements(const S& shape) {
  std::size_t count = 1;
  bool empty = false, countable = true;
  for (const auto extent : shape) {
    const auto factor = static_cast<std::size_t>(extent == 0 ? 1 : extent);
    countable = !__builtin_mul_overflow(count, factor, &count) && countable;
    empty = empty || extent == 0;
  }
  return countable ? std::optional(empty ? 0 : count) : std::nullopt;
}

}  // namespace detail

/// Throws ShapeError naming `operation` when `rank` is more than max_rank.
void require_rank(const char* operation, std::size_t rank);

/// The number of elements an array of `shape` holds: the product of the extents, 1 for a scalar.
/// Throws ShapeError naming `operation` when the shape has more than max_rank axes, and when the
/// product of the extents that are not 0 does not fit in std::size_t.
std::size_t element_count(const Shape& shape, const char* operation = nullptr);

/// The shape that NumPy's broadcasting gives for two operands: axes are aligned at the last one,
/// and an axis that is missing or has extent 1 stretches. Throws ShapeError naming `operation` when
/// the shapes do not broadcast.
Shape broadcast_shapes(const char* operation, const Shape& a, const Shape& b);

/// Turns an axis counted from either end (-1 is the last) into one counted from the front.
/// Throws ShapeError naming `operation` when there is no such axis.
std::size_t normalize_axis(const char* operation, std::ptrdiff_t axis, const Shape& shape);

/// The shape as NumPy prints it, but for the comma of one axis: `()`, `(10)`, `(64, 784)`.
std::string to_string(const Shape& shape);

/// True when both shapes have the same rank and extents.
inline bool same_shape(const Shape& a, const Shape& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
}

}  // namespace xtape

namespace fmt {

/// Lets `fmt::format("{}", shape)` and xtape's error messages print a shape as to_string does.
template <>
struct formatter<xtape::Shape> {
  /// `{}` takes no options.
  constexpr auto parse(fmt::format_parse_context& context) { return context.begin(); }
  /// Writes what to_string(shape) returns.
  auto format(const xtape::Shape& shape, fmt::format_context& context) const
      -> fmt::format_context::iterator;
};

}  // namespace fmt
