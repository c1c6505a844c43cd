#pragma once

#include <functional>
#include <type_traits>

#include "autograd/ops/beside_array.hpp"
#include "autograd/tape.hpp"

/// @file
/// Arithmetic with NumPy's broadcasting. Each throws ShapeError when the operands' shapes do not
/// broadcast and TapeError when they live on different tapes; dy is the gradient of the result y.
/// One operand may be a number, an array or an xtensor expression: it is a constant.

namespace xtape {

/// y = a + b,   da = dy, db = dy
///@{
template <class T>
Variable<T> operator+(Variable<T> a, Variable<T> b);
template <class T>
Variable<T> operator+(Variable<T> a, std::type_identity_t<T> b);
template <class T>
Variable<T> operator+(std::type_identity_t<T> a, Variable<T> b);
template <class A, BesideArray<A> B>
Variable<scalar_of<A, B>> operator+(A&& a, B&& b) {
  return detail::beside_array(std::plus<>(), a, b);
}
///@}

/// y = a - b,   da = dy, db = -dy
///@{
template <class T>
Variable<T> operator-(Variable<T> a, Variable<T> b);
template <class T>
Variable<T> operator-(Variable<T> a, std::type_identity_t<T> b);
template <class T>
Variable<T> operator-(std::type_identity_t<T> a, Variable<T> b);
template <class A, BesideArray<A> B>
Variable<scalar_of<A, B>> operator-(A&& a, B&& b) {
  return detail::beside_array(std::minus<>(), a, b);
}
///@}

/// y = a b,   da = dy b, db = dy a
///@{
template <class T>
Variable<T> operator*(Variable<T> a, Variable<T> b);
template <class T>
Variable<T> operator*(Variable<T> a, std::type_identity_t<T> b);
template <class T>
Variable<T> operator*(std::type_identity_t<T> a, Variable<T> b);
template <class A, BesideArray<A> B>
Variable<scalar_of<A, B>> operator*(A&& a, B&& b) {
  return detail::beside_array(std::multiplies<>(), a, b);
}
///@}

/// y = a / b,   da = dy / b, db = -dy y / b
///@{
template <class T>
Variable<T> operator/(Variable<T> a, Variable<T> b);
template <class T>
Variable<T> operator/(Variable<T> a, std::type_identity_t<T> b);
template <class T>
Variable<T> operator/(std::type_identity_t<T> a, Variable<T> b);
template <class A, BesideArray<A> B>
Variable<scalar_of<A, B>> operator/(A&& a, B&& b) {
  return detail::beside_array(std::divides<>(), a, b);
}
///@}

/// y = -x,   dx = -dy
template <class T>
Variable<T> operator-(Variable<T> x);

namespace detail {

/// A number in the type of the Variable beside it; everything else unchanged.
template <class T, class Y>
decltype(auto) beside(const Y& y) {
  if constexpr (std::is_arithmetic_v<Y>) {
    return static_cast<T>(y);
  } else {
    return (y);
  }
}

}  // namespace detail

/// `x += y` is `x = x + y`: x becomes a handle to a new value. Copies of x made before keep the old
/// value, which the tape still holds. The right side is whatever operator+ takes, and so on.
///@{
template <class T, class Y>
Variable<T>& operator+=(Variable<T>& x, const Y& y) {
  return x = x + detail::beside<T>(y);
}
template <class T, class Y>
Variable<T>& operator-=(Variable<T>& x, const Y& y) {
  return x = x - detail::beside<T>(y);
}
template <class T, class Y>
Variable<T>& operator*=(Variable<T>& x, const Y& y) {
  return x = x * detail::beside<T>(y);
}
template <class T, class Y>
Variable<T>& operator/=(Variable<T>& x, const Y& y) {
  return x = x / detail::beside<T>(y);
}
///@}

}  // namespace xtape
