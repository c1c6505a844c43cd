#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <type_traits>
#include <vector>

#include "autograd/tape.hpp"
#include "tensor/indices.hpp"

/// @file
/// Ops that move elements and change none. Each throws ShapeError when its arguments do not fit the
/// operand's shape.

namespace xtape {

/// The shape wanted of reshape(): a Shape, or extents in braces of which one may be -1 and follows
/// from the others.
class Extents {
 public:
  /// Extents as they are wanted. Throws ShapeError for one beyond std::ptrdiff_t.
  ///@{
  Extents(const Shape& shape);
  Extents(std::initializer_list<std::ptrdiff_t> extents) : extents_(extents) {}
  Extents(const std::vector<std::ptrdiff_t>& extents) : extents_(extents.begin(), extents.end()) {}
  ///@}

  /// The shape for the elements of an array of shape `from`. Throws ShapeError when they do not
  /// fill it.
  Shape resolve(const Shape& from) const;

 private:
  xt::dynamic_shape<std::ptrdiff_t> extents_;
};

/// The same elements in row-major order under another shape: `reshape(x, {batch, -1})`.
template <class T>
Variable<T> reshape(Variable<T> x, const Extents& shape);

/// `x` with two of its axes exchanged, by default the last two: the transpose of a matrix.
template <class T>
Variable<T> transpose(Variable<T> x, std::ptrdiff_t axis_a = -2, std::ptrdiff_t axis_b = -1);

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

/// The elements [begin, end) along `axis`. Negative positions count from the end, as in Python, but
/// nothing is clipped: what lies outside is an error.
template <class T>
Variable<T> slice(Variable<T> x, std::ptrdiff_t begin, std::ptrdiff_t end, std::ptrdiff_t axis = 0);

/// y[i] = x[rows[i]] along the first axis, as an embedding looks words up; a row that is taken
/// twice gets both gradients. Throws ValueError for a row that x does not have.
template <class T>
Variable<T> gather(Variable<T> x, Indices rows);

}  // namespace xtape
