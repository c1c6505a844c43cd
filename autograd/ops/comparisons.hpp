#pragma once

#include <functional>
#include <type_traits>

#include "autograd/ops/beside_array.hpp"
#include "autograd/tape.hpp"

/// @file
/// Comparisons, and choices between elements. Operands broadcast. A comparison gives a mask: 1
/// where it holds, and 0 elsewhere. A mask needs no gradient. One operand may be a number, an array
/// or an xtensor expression, which is a constant. Each op throws ShapeError if the operands' shapes
/// do not broadcast, and TapeError if the operands are on different tapes.

namespace xtape {

/// Returns the mask of a > b.
///@{
template <class T>
Variable<T> operator>(Variable<T> a, Variable<T> b);
template <class T>
Variable<T> operator>(Variable<T> a, std::type_identity_t<Real<T>> b);
template <class T>
Variable<T> operator>(std::type_identity_t<Real<T>> a, Variable<T> b);
template <class A, BesideArray<A> B>
Variable<scalar_of<A, B>> operator>(A&& a, B&& b) {
  return detail::beside_array(std::greater<>(), a, b);
}
///@}

/// Returns the mask of a < b.
///@{
template <class T>
Variable<T> operator<(Variable<T> a, Variable<T> b);
template <class T>
Variable<T> operator<(Variable<T> a, std::type_identity_t<Real<T>> b);
template <class T>
Variable<T> operator<(std::type_identity_t<Real<T>> a, Variable<T> b);
template <class A, BesideArray<A> B>
Variable<scalar_of<A, B>> operator<(A&& a, B&& b) {
  return detail::beside_array(std::less<>(), a, b);
}
///@}

/// Returns the mask of a >= b.
///@{
template <class T>
Variable<T> operator>=(Variable<T> a, Variable<T> b);
template <class T>
Variable<T> operator>=(Variable<T> a, std::type_identity_t<Real<T>> b);
template <class T>
Variable<T> operator>=(std::type_identity_t<Real<T>> a, Variable<T> b);
template <class A, BesideArray<A> B>
Variable<scalar_of<A, B>> operator>=(A&& a, B&& b) {
  return detail::beside_array(std::greater_equal<>(), a, b);
}
///@}

/// Returns the mask of a <= b.
///@{
template <class T>
Variable<T> operator<=(Variable<T> a, Variable<T> b);
template <class T>
Variable<T> operator<=(Variable<T> a, std::type_identity_t<Real<T>> b);
template <class T>
Variable<T> operator<=(std::type_identity_t<Real<T>> a, Variable<T> b);
template <class A, BesideArray<A> B>
Variable<scalar_of<A, B>> operator<=(A&& a, B&& b) {
  return detail::beside_array(std::less_equal<>(), a, b);
}
///@}

/// Returns the mask of a == b. NaN is equal to no number.
///@{
template <class T>
Variable<T> operator==(Variable<T> a, Variable<T> b);
template <class T>
Variable<T> operator==(Variable<T> a, std::type_identity_t<Real<T>> b);
template <class T>
Variable<T> operator==(std::type_identity_t<Real<T>> a, Variable<T> b);
template <class A, BesideArray<A> B>
Variable<scalar_of<A, B>> operator==(A&& a, B&& b) {
  return detail::beside_array(std::equal_to<>(), a, b);
}
///@}

/// Returns the mask of a != b.
///@{
template <class T>
Variable<T> operator!=(Variable<T> a, Variable<T> b);
template <class T>
Variable<T> operator!=(Variable<T> a, std::type_identity_t<Real<T>> b);
template <class T>
Variable<T> operator!=(std::type_identity_t<Real<T>> a, Variable<T> b);
template <class A, BesideArray<A> B>
Variable<scalar_of<A, B>> operator!=(A&& a, B&& b) {
  return detail::beside_array(std::not_equal_to<>(), a, b);
}
///@}

/// Returns y, the larger of a and b. The gradient dy goes to the operand that y comes from. If both
/// are equal, each gets dy / 2. If one is NaN, y is NaN, and each gets dy.
///@{
template <class T>
Variable<T> maximum(Variable<T> a, Variable<T> b);
template <class T>
Variable<T> maximum(Variable<T> a, std::type_identity_t<Real<T>> b);
template <class T>
Variable<T> maximum(std::type_identity_t<Real<T>> a, Variable<T> b);
template <class A, BesideArray<A> B>
Variable<scalar_of<A, B>> maximum(A&& a, B&& b) {
  return detail::beside_array([](auto x, auto y) { return maximum(x, y); }, a, b);
}
///@}

/// Returns y, the smaller of a and b. The gradient dy goes to the operand that y comes from. If
/// both are equal, each gets dy / 2. If one is NaN, y is NaN, and each gets dy.
///@{
template <class T>
Variable<T> minimum(Variable<T> a, Variable<T> b);
template <class T>
Variable<T> minimum(Variable<T> a, std::type_identity_t<Real<T>> b);
template <class T>
Variable<T> minimum(std::type_identity_t<Real<T>> a, Variable<T> b);
template <class A, BesideArray<A> B>
Variable<scalar_of<A, B>> minimum(A&& a, B&& b) {
  return detail::beside_array([](auto x, auto y) { return minimum(x, y); }, a, b);
}
///@}

/// Returns y = x where low <= x <= high, else the nearer bound,   dx = dy where low < x < high,
/// else 0. A bound may be infinite. Throws ValueError unless low <= high.
template <class T>
Variable<T> clip(Variable<T> x, std::type_identity_t<Real<T>> low,
                 std::type_identity_t<Real<T>> high);

/// Returns y = a where the mask is not 0, else b. da is dy where the mask is not 0, else 0, and db
/// is the rest of dy. So a NaN that is not chosen changes neither y nor a gradient. The mask gets
/// no gradient.
///@{
template <class T>
Variable<T> where(Variable<T> mask, Variable<T> a, Variable<T> b);
template <class T>
Variable<T> where(Variable<T> mask, Variable<T> a, std::type_identity_t<Real<T>> b);
template <class T>
Variable<T> where(Variable<T> mask, std::type_identity_t<Real<T>> a, Variable<T> b);
template <class T, class A, BesideArray<A> B>
Variable<scalar_of<A, B>> where(Variable<T> mask, A&& a, B&& b) {
  return detail::beside_array([=](auto x, auto y) { return where(mask, x, y); }, a, b);
}
///@}

}  // namespace xtape
