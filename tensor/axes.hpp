#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <ranges>
#include <type_traits>
#include <utility>

#include "tensor/shape.hpp"

namespace xtape {

/// A set of axes, as NumPy's `axis=` argument: one axis, several in braces, or all of them. Axes
/// may count from the end (-1 is the last). `sum(x, 0)`, `sum(x, {0, -1})`, `sum(x, Axes::all())`.
class Axes {
 public:
  /// One axis.
  Axes(std::ptrdiff_t axis) : list_{axis}, count_(1) {}

  /// Several axes, at most eight: throws ShapeError for more.
  Axes(std::initializer_list<std::ptrdiff_t> axes) {
    for (const std::ptrdiff_t axis : axes) {
      add(axis);
    }
  }

  /// Several axes that are known at run time only, at most eight, as any range of integers: a
  /// std::vector, a std::span. Throws ShapeError for more, or for an axis beyond std::ptrdiff_t.
  template <std::ranges::input_range R>
  requires std::integral<std::ranges::range_value_t<R>> Axes(const R& axes) {
    for (const auto axis : axes) {
      require<ShapeError>(std::in_range<std::ptrdiff_t>(axis), "no array has an axis {}", axis);
      add(static_cast<std::ptrdiff_t>(axis));
    }
  }

  /// Every axis there is.
  static Axes all() { return Axes(); }

  /// The axes as bits counted from the first axis of `shape`. Throws ShapeError naming `operation`
  /// for an axis that the shape does not have or that is named twice, and for a shape of more than
  /// max_rank axes.
  std::uint64_t mask(const char* operation, const Shape& shape) const;

 private:
  static constexpr std::size_t capacity = 8;

  Axes() : all_(true) {}

  void add(std::ptrdiff_t axis);

  std::ptrdiff_t list_[capacity] = {};
  std::size_t count_ = 0;
  bool all_ = false;
};

/// The shape that is left when the axes in `mask` are reduced: dropped, or kept with extent 1.
Shape reduced_shape(const Shape& shape, std::uint64_t mask, bool keepdims);

}  // namespace xtape
