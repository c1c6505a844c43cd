#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <type_traits>
#include <vector>

#include "autograd/tape.hpp"
#include "tensor/axes.hpp"
#include "tensor/indices.hpp"

/// @file
/// Ops that move elements without changing them. Each throws ShapeError if its arguments do not fit
/// the operand's shape.

namespace xtape {

/// The target shape of reshape(): a Shape, or extents in braces. One extent may be -1, and follows
/// from the others.
class Extents {
 public:
  /// Takes the extents. Throws ShapeError if one does not fit into std::ptrdiff_t.
  ///@{
  Extents(const Shape& shape);
  Extents(std::initializer_list<std::ptrdiff_t> extents) : extents_(extents) {}
  Extents(const std::vector<std::ptrdiff_t>& extents) : extents_(extents.begin(), extents.end()) {}
  ///@}

  /// Returns the shape for the elements of an array of shape `from`. Throws ShapeError if the
  /// number of elements is different.
  Shape resolve(const Shape& from) const;

 private:
  xt::dynamic_shape<std::ptrdiff_t> extents_;
};

/// Returns the same elements in row-major order, with another shape: `reshape(x, {batch, -1})`.
template <class T>
Variable<T> reshape(Variable<T> x, const Extents& shape);

/// Returns `x` with two axes exchanged, by default the last two: the transpose of a matrix.
template <class T>
Variable<T> transpose(Variable<T> x, std::ptrdiff_t axis_a = -2, std::ptrdiff_t axis_b = -1);

/// Returns `x` with the elements along these axes in reverse order: `flip(images, {1, 2})`.
template <class T>
Variable<T> flip(Variable<T> x, const Axes& axes);

namespace detail {

/// Some Variables of scalar type T, and after them perhaps an axis.
template <class T, class First, class... Rest>
consteval bool is_operands_then_axis() {
  if constexpr (sizeof...(Rest) == 0) {
    return std::same_as<First, Variable<T>> || std::integral<First>;
  } else {
    return std::same_as<First, Variable<T>> && is_operands_then_axis<T, Rest...>();
  }
}
template <class T, class... Arguments>
concept OperandsThenAxis = is_operands_then_axis<T, Arguments...>();

/// Returns join(operands, axis) for arguments in a row, of which the last may be the axis, else 0.
template <class T, class Join, class... Arguments>
auto join_operands(Join join, const Arguments&... arguments) {
  Variable<T> operands[sizeof...(Arguments)];
  std::size_t count = 0;
  std::ptrdiff_t axis = 0;
  const auto take = [&](const auto& argument) {
    if constexpr (std::integral<std::remove_cvref_t<decltype(argument)>>) {
      axis = static_cast<std::ptrdiff_t>(argument);
    } else {
      operands[count++] = argument;
    }
  };
  (take(arguments), ...);
  return join(std::span<const Variable<T>>(operands, count), axis);
}

}  // namespace detail

/// The operands one after the other along `axis`; their other extents must agree. At least one
/// operand. `concatenate(a, b, c)` and `concatenate(a, b, c, axis)` need no `xtape::`, a list in
/// braces does.
///@{
template <class T>
Variable<T> concatenate(std::span<const Variable<T>> operands, std::ptrdiff_t axis = 0);
template <class T>
Variable<T> concatenate(std::initializer_list<Variable<T>> operands, std::ptrdiff_t axis = 0) {
  return concatenate(std::span<const Variable<T>>(operands), axis);
}
template <class T>
Variable<T> concatenate(const std::vector<Variable<T>>& operands, std::ptrdiff_t axis = 0) {
  return concatenate(std::span<const Variable<T>>(operands), axis);
}
template <class T, class... Rest>
requires detail::OperandsThenAxis<T, Variable<T>, Rest...>
auto concatenate(Variable<T> first, const Rest&... rest) {
  return detail::join_operands<T>(
      [](auto operands, std::ptrdiff_t axis) { return concatenate(operands, axis); }, first,
      rest...);
}
///@}

/// The operands, all of one shape, side by side along a new axis, which is number `axis` of the
/// result. Throws ShapeError for operands of different shapes, and for none. `stack(a, b, c)` and
/// `stack(a, b, c, axis)` need no `xtape::`, a list in braces does.
///@{
template <class T>
Variable<T> stack(std::span<const Variable<T>> operands, std::ptrdiff_t axis = 0);
template <class T>
Variable<T> stack(std::initializer_list<Variable<T>> operands, std::ptrdiff_t axis = 0) {
  return stack(std::span<const Variable<T>>(operands), axis);
}
template <class T>
Variable<T> stack(const std::vector<Variable<T>>& operands, std::ptrdiff_t axis = 0) {
  return stack(std::span<const Variable<T>>(operands), axis);
}
template <class T, class... Rest>
requires detail::OperandsThenAxis<T, Variable<T>, Rest...>
auto stack(Variable<T> first, const Rest&... rest) {
  return detail::join_operands<T>(
      [](auto operands, std::ptrdiff_t axis) { return stack(operands, axis); }, first, rest...);
}
///@}

/// Returns the elements [begin, end) along `axis`. Negative positions count from the end, as in
/// Python. Unlike in Python, a position outside of the axis is an error.
template <class T>
Variable<T> slice(Variable<T> x, std::ptrdiff_t begin, std::ptrdiff_t end, std::ptrdiff_t axis = 0);

/// y[i] = x[rows[i]] along the first axis, as an embedding looks up words. A row that is used twice
/// receives both gradients. Throws ValueError if x lacks a row.
template <class T>
Variable<T> gather(Variable<T> x, Indices rows);

}  // namespace xtape
