#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
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

/// The operands one after the other along `axis`; their other extents must agree. At least one
/// operand.
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
///@}

/// The operands, all of one shape, side by side along a new axis, which is number `axis` of the
/// result. Throws ShapeError for operands of different shapes, and for none.
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
