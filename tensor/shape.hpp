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

/// The extents of an array, outermost axis first. A scalar has the empty shape. Shapes of up to
/// four axes do not allocate.
using Shape = xt::dynamic_shape<std::size_t>;

/// The maximum number of axes of an array. A set of axes is a bit mask in one word.
inline constexpr std::size_t max_rank = 63;

namespace detail {

/// Returns the product of the extents, or nothing on overflow. The overflow check skips extents of
/// 0. So no part of a shape can overflow, in any order of multiplication.
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

/// Throws ShapeError, with the name `operation`, if `rank` is more than max_rank.
void require_rank(const char* operation, std::size_t rank);

/// Returns the number of elements of an array of `shape`: the product of the extents, and 1 for a
/// scalar. Throws ShapeError, with the name `operation`, if the shape has more than max_rank axes,
/// or if the product of its nonzero extents overflows std::size_t.
std::size_t element_count(const Shape& shape, const char* operation = nullptr);

/// Returns the shape that NumPy's broadcasting gives for two operands. Axes are aligned at the last
/// axis. A missing axis or an axis of extent 1 is repeated to the extent of the other operand.
/// Throws ShapeError, with the name `operation`, if the shapes do not broadcast.
Shape broadcast_shapes(const char* operation, const Shape& a, const Shape& b);

/// Converts an axis to one that counts from the front. A negative axis counts from the end, and -1
/// is the last axis. Throws ShapeError, with the name `operation`, if there is no such axis.
std::size_t normalize_axis(const char* operation, std::ptrdiff_t axis, const Shape& shape);

/// Returns the shape in digits: `()`, `(10)`, `(64, 784)`. NumPy prints it the same way, except for
/// `(10,)`.
std::string to_string(const Shape& shape);

/// True if both shapes have the same rank and extents.
[[gnu::always_inline]] inline bool same_shape(const Shape& a, const Shape& b) {
  return &a == &b || (a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin()));
}

}  // namespace xtape

namespace fmt {

/// Lets `fmt::format("{}", shape)` print a shape as to_string() does. xtape's messages use it.
template <>
struct formatter<xtape::Shape> {
  /// Parses `{}`, which takes no options.
  constexpr auto parse(fmt::format_parse_context& context) { return context.begin(); }
  /// Writes to_string(shape).
  auto format(const xtape::Shape& shape, fmt::format_context& context) const
      -> fmt::format_context::iterator;
};

}  // namespace fmt
