#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <type_traits>
#include <vector>

#include "autograd/ops/indexing.hpp"
#include "autograd/record.hpp"
#include "tensor/axes.hpp"

/// @file
/// Ops that move elements without changing them. Each throws ShapeError if its arguments do not fit
/// the operand's shape.

namespace xtape {

/// The target shape of reshape(): a Shape, or extents in braces. One extent may be -1. It follows
/// from the others.
class Extents {
 public:
  /// Takes the extents.
  ///@{
  Extents(const Shape& shape);
  Extents(std::initializer_list<std::ptrdiff_t> extents) : extents_(extents) {}
  Extents(const std::vector<std::ptrdiff_t>& extents) : extents_(extents.begin(), extents.end()) {}
  ///@}

  /// Returns the shape for the elements of an array of shape `from`. Throws ShapeError if the
  /// number of elements is different, or if an extent does not fit into std::ptrdiff_t.
  Shape resolve(const Shape& from) const;

  /// Returns the shape for an array of shape `from` that is broadcast. An extent of -1 stays as it
  /// is. Throws ShapeError if the array does not broadcast to the shape, or if an extent does not
  /// fit into std::ptrdiff_t.
  Shape broadcast(const Shape& from) const;

 private:
  void require_countable(const char* op) const;

  xt::dynamic_shape<std::ptrdiff_t> extents_;
  bool countable_ = true;  // each extent fits
};

/// Returns the same elements in row-major order, with another shape: `reshape(x, {batch, -1})`.
template <class T>
Variable<T> reshape(Variable<T> x, const Extents& shape);

/// Returns x without axes of extent 1: those that are named, or all. Throws ShapeError if a named
/// axis has another extent.
template <class T>
Variable<T> squeeze(Variable<T> x, const Axes& axes = Axes::all());

/// Returns x with an axis of extent 1 more, which is number `axis` of the result.
template <class T>
Variable<T> unsqueeze(Variable<T> x, std::ptrdiff_t axis);

/// Returns x, repeated along axes of extent 1 and along new ones in front, as binary ops repeat
/// their operands: `broadcast_to(x, {batch, -1})`. An extent of -1 stays as it is. dx is the sum of
/// dy over the copies.
template <class T>
Variable<T> broadcast_to(Variable<T> x, const Extents& shape);

/// Returns x with its axes in another order: axis i of the result is axis `axes[i]` of x. Throws
/// ShapeError unless each axis is named once.
template <class T>
Variable<T> permute(Variable<T> x, const Axes& axes);

/// Returns `x` with two axes exchanged, by default the last two: the transpose of a matrix.
template <class T>
Variable<T> transpose(Variable<T> x, std::ptrdiff_t axis_a = -2, std::ptrdiff_t axis_b = -1);

/// Returns `x` with the elements along these axes in reverse order: `flip(images, {1, 2})`.
template <class T>
Variable<T> flip(Variable<T> x, const Axes& axes);

namespace detail {

/// Returns the extent of one of `parts` equal parts of an axis. Throws ShapeError if there are no
/// such parts.
std::ptrdiff_t width_of_part(const Shape& shape, std::size_t parts, std::ptrdiff_t axis);

/// One or more Variables of scalar type T, optionally followed by an axis.
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

/// Returns join(operands, axis). The last argument may be the axis. Otherwise, the axis is 0.
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

/// Returns the operands joined one after the other along `axis`. Their other extents must be equal.
/// There must be at least one operand. `concatenate(a, b, c)` and `concatenate(a, b, c, axis)` need
/// no `xtape::`. With a list in braces, write `xtape::concatenate({a, b})`.
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

/// Returns the operands joined along a new axis, which is number `axis` of the result. `stack(a, b,
/// c)` and `stack(a, b, c, axis)` need no `xtape::`. With a list in braces, write `xtape::stack({a,
/// b})`. Throws ShapeError if the operands have different shapes, or if there is none.
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

/// Returns N equal parts along `axis`: `auto [gate, cell] = split<2>(x, -1)`. Together, they are x.
/// Each is a slice(). Throws ShapeError if the extent is no multiple of N.
template <std::size_t N, class T>
std::array<Variable<T>, N> split(Variable<T> x, std::ptrdiff_t axis = 0) {
  static_assert(N > 0, "split: there is at least one part");
  const std::ptrdiff_t width = detail::width_of_part(x.shape(), N, axis);
  return compose(x.tape(), [&] {
    std::array<Variable<T>, N> parts;
    for (std::size_t i = 0; i < N; ++i) {
      const std::ptrdiff_t begin = static_cast<std::ptrdiff_t>(i) * width;
      parts[i] = slice(x, begin, begin + width, axis);
    }
    return parts;
  });
}

}  // namespace xtape
