#pragma once

#include <functional>
#include <type_traits>

#include "autograd/ops/beside_array.hpp"
#include "autograd/tape.hpp"

/// @file
/// Arithmetic with NumPy's broadcasting. One operand may be a number, an array or an xtensor
/// expression, which is a constant. dy is the gradient of the result y. Each op throws ShapeError
/// if the operands' shapes do not broadcast, and TapeError if the operands are on different tapes.

namespace xtape {

/// Returns y = a + b,   da = dy, db = dy.
///@{
template <class T>
Variable<T> operator+(Variable<T> a, Variable<T> b);
template <class T>
Variable<T> operator+(Variable<T> a, std::type_identity_t<Real<T>> b);
template <class T>
Variable<T> operator+(std::type_identity_t<Real<T>> a, Variable<T> b);
template <class A, BesideArray<A> B>
Variable<scalar_of<A, B>> operator+(A&& a, B&& b) {
  return detail::beside_array(std::plus<>(), a, b);
}
///@}

/// Returns y = a - b,   da = dy, db = -dy.
///@{
template <class T>
Variable<T> operator-(Variable<T> a, Variable<T> b);
template <class T>
Variable<T> operator-(Variable<T> a, std::type_identity_t<Real<T>> b);
template <class T>
Variable<T> operator-(std::type_identity_t<Real<T>> a, Variable<T> b);
template <class A, BesideArray<A> B>
Variable<scalar_of<A, B>> operator-(A&& a, B&& b) {
  return detail::beside_array(std::minus<>(), a, b);
}
///@}

/// Returns y = a b,   da = dy b, db = dy a.
///@{
template <class T>
Variable<T> operator*(Variable<T> a, Variable<T> b);
template <class T>
Variable<T> operator*(Variable<T> a, std::type_identity_t<Real<T>> b);
template <class T>
Variable<T> operator*(std::type_identity_t<Real<T>> a, Variable<T> b);
template <class A, BesideArray<A> B>
Variable<scalar_of<A, B>> operator*(A&& a, B&& b) {
  return detail::beside_array(std::multiplies<>(), a, b);
}
///@}

/// Returns y = a / b,   da = dy / b, db = -dy y / b.
///@{
template <class T>
Variable<T> operator/(Variable<T> a, Variable<T> b);
template <class T>
Variable<T> operator/(Variable<T> a, std::type_identity_t<Real<T>> b);
template <class T>
Variable<T> operator/(std::type_identity_t<Real<T>> a, Variable<T> b);
template <class A, BesideArray<A> B>
Variable<scalar_of<A, B>> operator/(A&& a, B&& b) {
  return detail::beside_array(std::divides<>(), a, b);
}
///@}

/// Returns y = -x,   dx = -dy.
template <class T>
Variable<T> operator-(Variable<T> x);

namespace detail {

/// Converts a number to the type of the Variable beside it. Returns any other operand unchanged.
template <class T, class Y>
decltype(auto) beside(const Y& y) {
  if constexpr (std::is_arithmetic_v<Y>) {
    return static_cast<Real<T>>(y);
  } else {
    return (y);
  }
}

}  // namespace detail

/// Replaces x by a handle to a new value: `x += y` is `x = x + y`. Earlier copies of x still refer
/// to the old value, which the tape keeps. The right side may be anything that the binary operator
/// takes.
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
