#pragma once

#include <type_traits>

#include "autograd/tape.hpp"

/// @file
/// Arithmetic with NumPy's broadcasting. Each throws ShapeError when the operands' shapes do not
/// broadcast and TapeError when they live on different tapes; dy is the gradient of the result y.
/// An operand may be a number.

namespace xtape {

/// y = a + b,   da = dy, db = dy
///@{
template <class T>
Variable<T> operator+(Variable<T> a, Variable<T> b);
template <class T>
Variable<T> operator+(Variable<T> a, std::type_identity_t<T> b);
template <class T>
Variable<T> operator+(std::type_identity_t<T> a, Variable<T> b);
///@}

/// y = a - b,   da = dy, db = -dy
///@{
template <class T>
Variable<T> operator-(Variable<T> a, Variable<T> b);
template <class T>
Variable<T> operator-(Variable<T> a, std::type_identity_t<T> b);
template <class T>
Variable<T> operator-(std::type_identity_t<T> a, Variable<T> b);
///@}

/// y = a b,   da = dy b, db = dy a
///@{
template <class T>
Variable<T> operator*(Variable<T> a, Variable<T> b);
template <class T>
Variable<T> operator*(Variable<T> a, std::type_identity_t<T> b);
template <class T>
Variable<T> operator*(std::type_identity_t<T> a, Variable<T> b);
///@}

/// y = a / b,   da = dy / b, db = -dy y / b
///@{
template <class T>
Variable<T> operator/(Variable<T> a, Variable<T> b);
template <class T>
Variable<T> operator/(Variable<T> a, std::type_identity_t<T> b);
template <class T>
Variable<T> operator/(std::type_identity_t<T> a, Variable<T> b);
///@}

/// y = -x,   dx = -dy
template <class T>
Variable<T> operator-(Variable<T> x);

}  // namespace xtape
