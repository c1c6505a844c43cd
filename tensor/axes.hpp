#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <ranges>
#include <type_traits>
#include <utility>

#include "tensor/shape.hpp"

namespace xtape {

/// A set of axes, like NumPy's `axis=` argument: one axis, several in braces, or all. Negative axes
/// count from the end. The last axis is -1. Examples: `sum(x, 0)`, `sum(x, {0, -1})`, `sum(x,
/// Axes::all())`.
class Axes {
 public:
  /// Makes a set of one axis.
  Axes(std::ptrdiff_t axis) : list_{axis}, count_(1) {}

  /// Makes a set of several axes. Throws ShapeError for more than eight axes.
  Axes(std::initializer_list<std::ptrdiff_t> axes) {
    for (const std::ptrdiff_t axis : axes) {
      add(axis);
    }
  }

  /// Makes a set of several axes from any range of integers, such as a std::vector or a std::span.
  /// Throws ShapeError for more than eight axes, or if an axis does not fit into std::ptrdiff_t.
  template <std::ranges::input_range R>
  requires std::integral<std::ranges::range_value_t<R>> Axes(const R& axes) {
    for (const auto axis : axes) {
      require<ShapeError>(std::in_range<std::ptrdiff_t>(axis), "no array has an axis {}", axis);
      add(static_cast<std::ptrdiff_t>(axis));
    }
  }

  /// Returns the set of all axes.
  static Axes all() { return Axes(); }

  /// True for the set of all axes.
  bool are_all() const { return all_; }

  /// Returns the axes as a bit mask, in which bit 0 is the first axis of `shape`. Throws
  /// ShapeError, with the name `operation`, if the shape has no such axis, if an axis is named
  /// twice, or if the shape has more than max_rank axes.
  std::uint64_t mask(const char* operation, const Shape& shape) const;

  /// Returns the axes in the order in which they were named, or all axes in order. They count from
  /// the front. Throws as mask() does.
  Shape list(const char* operation, const Shape& shape) const;

 private:
  static constexpr std::size_t capacity = 8;

  Axes() : all_(true) {}

  void add(std::ptrdiff_t axis);

  std::ptrdiff_t list_[capacity] = {};
  std::size_t count_ = 0;
  bool all_ = false;
};

/// Returns the shape after the axes in `mask` are reduced. Reduced axes are dropped, or kept with
/// extent 1.
Shape reduced_shape(const Shape& shape, std::uint64_t mask, bool keepdims);

}  // namespace xtape
