#pragma once

#include <concepts>
#include <cstddef>
#include <ranges>
#include <span>
#include <type_traits>
#include <vector>

#include "tensor/array.hpp"

/// @file
/// Conversions between arrays and the containers of C++.

namespace xtape {

namespace detail {

/// The type of the numbers in a range, or in the ranges that it holds.
template <class R>
struct NumberIn {
  using type = R;
};
template <std::ranges::input_range R>
struct NumberIn<R> : NumberIn<std::remove_cvref_t<std::ranges::range_value_t<R>>> {};

/// A range of numbers, or of such ranges. An Array is none, because it has its own shape.
template <class R>
concept RangeOfNumbers = std::ranges::sized_range<const R> && !xt::is_xexpression<R>::value &&
                         std::is_arithmetic_v<typename NumberIn<R>::type>;

/// The type of the elements of array<T>(range): T, or the type of the numbers in the range if T is
/// void.
template <class T, class R>
using ElementFor = std::conditional_t<std::is_void_v<T>, typename NumberIn<R>::type, T>;

/// Appends the extents of a range to `shape`. Ranges in the range count as long as the first of
/// them.
template <class R>
void append_extents(const R& range, Shape& shape) {
  shape.push_back(static_cast<std::size_t>(std::ranges::size(range)));
  if constexpr (std::ranges::input_range<std::ranges::range_value_t<R>>) {
    if (std::ranges::empty(range)) {
      append_extents(std::ranges::range_value_t<R>(), shape);
    } else {
      append_extents(*std::ranges::begin(range), shape);
    }
  }
}

/// Writes the numbers of a range to `out` and behind it. Returns the end of what it has written.
/// Throws ShapeError if a range in it is not as long as `shape` says.
template <class T, class R>
T* copy_numbers(const R& range, const Shape& shape, std::size_t axis, T* out) {
  const auto size = static_cast<std::size_t>(std::ranges::size(range));
  require<ShapeError>(size == shape[axis],
                      "array: a row of {} elements among rows of {}: the shape would be {}", size,
                      shape[axis], shape);
  for (const auto& each : range) {
    if constexpr (std::ranges::input_range<std::ranges::range_value_t<R>>) {
      out = copy_numbers(each, shape, axis + 1, out);
    } else {
      *out++ = static_cast<T>(each);
    }
  }
  return out;
}

/// Makes an array of the numbers of `range`. The array has the shape `wanted`, or the extents of
/// the range if `wanted` is null.
template <class T, class R>
Array<T> array_from(const R& range, const Shape* wanted) {
  static_assert(std::floating_point<T>,
                "xtape: say which numbers the array shall hold: xtape::array<float>(values)");
  Shape shape;
  append_extents(range, shape);
  const std::size_t count = element_count(shape, "array");
  if (wanted != nullptr) {
    require<ShapeError>(element_count(*wanted, "array") == count,
                        "array: {} elements do not fill the shape {}", count, *wanted);
  }
  Array<T> array;
  resize(array, wanted != nullptr ? *wanted : shape, "array");
  copy_numbers(range, shape, 0, array.data());
  return array;
}

}  // namespace detail

/// Makes an array of the numbers in a std::vector, std::span or other range, in row-major order:
/// `array(values, {rows, columns})`. Without a shape, the array has one axis for each level of the
/// range. A std::vector<double> has one level, and a std::vector<std::vector<double>> has two.
///
/// The elements are copied and keep their type. `array<float>(values)` converts them, and integers
/// must be converted. Throws ShapeError if there are more or fewer elements than the shape holds,
/// or if ranges have different lengths.
///@{
template <class T = void, detail::RangeOfNumbers R>
Array<detail::ElementFor<T, R>> array(const R& values) {
  return detail::array_from<detail::ElementFor<T, R>>(values, nullptr);
}
template <class T = void, detail::RangeOfNumbers R>
Array<detail::ElementFor<T, R>> array(const R& values, const Shape& shape) {
  return detail::array_from<detail::ElementFor<T, R>>(values, &shape);
}
///@}

/// Makes an array of `shape` from the numbers that `values` points to, in row-major order. There
/// must be as many numbers as the shape holds.
template <class T = void, class Number>
requires std::is_arithmetic_v<Number> Array<detail::ElementFor<T, Number>> array(
    const Number* values, const Shape& shape) {
  return array<T>(std::span(values, element_count(shape, "array")), shape);
}

/// Returns a copy of the elements of an array in row-major order. To read the elements in place,
/// use `array.data()` or `std::span(array)`.
template <class T>
std::vector<T> to_vector(const Array<T>& array) {
  require_whole("to_vector", array);
  return {array.data(), array.data() + array.size()};
}

/// Returns the element of an array of one element: `item(x.grad())`. Throws ShapeError if the array
/// has no element, or more than one.
template <class T>
T item(const Array<T>& array) {
  require_whole("item", array);
  require<ShapeError>(array.size() == 1, "item: expected one element, got {}",
                      Shape(array.shape()));
  return array.data()[0];
}

}  // namespace xtape
