#pragma once

#include "autograd/ops/beside_array.hpp"
#include "autograd/tape.hpp"

/// @file
/// Mathematical functions, element by element. dy is the gradient of the result y. Functions of two
/// operands broadcast them, as arithmetic does, and throw the same errors. One of them may be an
/// array or an xtensor expression, which is a constant.

namespace xtape {

/// Returns y = e^x,   dx = dy y.
template <class T>
Variable<T> exp(Variable<T> x);

/// Returns y = e^x - 1,   dx = dy (y + 1). The result is accurate for small x too.
template <class T>
Variable<T> expm1(Variable<T> x);

/// Returns y = ln x,   dx = dy / x. As in IEEE arithmetic, ln 0 is -inf, and ln of a negative
/// number is NaN.
template <class T>
Variable<T> log(Variable<T> x);

/// Returns y = ln(1 + x),   dx = dy / (1 + x). The result is accurate for small x too. As in IEEE
/// arithmetic, y is -inf for x = -1, and NaN for x < -1.
template <class T>
Variable<T> log1p(Variable<T> x);

/// Returns y = sqrt(x),   dx = dy / (2 y). The factor 1 / (2 y) is infinite at 0.
template <class T>
Variable<T> sqrt(Variable<T> x);

/// Returns y = x^2,   dx = 2 x dy.
template <class T>
Variable<T> square(Variable<T> x);

/// Returns y = x^p for a number p,   dx = p x^(p - 1) dy. The gradient is 0 for p = 0.
template <class T>
Variable<T> pow(Variable<T> x, std::type_identity_t<Real<T>> exponent);

/// Returns y = a^b,   da = b a^(b - 1) dy, db = y ln(a) dy. da is 0 for b = 0, and db is 0 for a =
/// 0 and b >= 0. If a is negative, db is NaN.
///@{
template <class T>
Variable<T> pow(Variable<T> a, Variable<T> b);
template <class A, BesideArray<A> B>
Variable<scalar_of<A, B>> pow(A&& a, B&& b) {
  return detail::beside_array([](auto x, auto y) { return pow(x, y); }, a, b);
}
///@}

/// Returns y = |x|,   dx = sign(x) dy, with sign(0) = 0.
template <class T>
Variable<T> abs(Variable<T> x);

/// Returns y = 1 for x > 0, -1 for x < 0, and 0 for x = 0,   dx = 0. The sign of NaN is NaN.
template <class T>
Variable<T> sign(Variable<T> x);

/// Returns y = sin x,   dx = dy cos x.
template <class T>
Variable<T> sin(Variable<T> x);

/// Returns y = cos x,   dx = -dy sin x.
template <class T>
Variable<T> cos(Variable<T> x);

/// Returns y = tan x,   dx = dy (1 + y^2).
template <class T>
Variable<T> tan(Variable<T> x);

/// Returns y, the angle of the point (b, a) in [-pi, pi],   da = dy b / (a^2 + b^2),
/// db = -dy a / (a^2 + b^2). It is the arctangent of a / b if b is positive. At (0, 0), da and db
/// are 0.
///@{
template <class T>
Variable<T> atan2(Variable<T> a, Variable<T> b);
template <class A, BesideArray<A> B>
Variable<scalar_of<A, B>> atan2(A&& a, B&& b) {
  return detail::beside_array([](auto x, auto y) { return atan2(x, y); }, a, b);
}
///@}

/// Returns y = sinh x = (e^x - e^-x) / 2,   dx = dy cosh x.
template <class T>
Variable<T> sinh(Variable<T> x);

/// Returns y = cosh x = (e^x + e^-x) / 2,   dx = dy sinh x.
template <class T>
Variable<T> cosh(Variable<T> x);

/// Returns y = erf x, the integral of 2 e^(-t^2) / sqrt(pi) over t from 0 to x,
/// dx = dy 2 e^(-x^2) / sqrt(pi).
template <class T>
Variable<T> erf(Variable<T> x);

}  // namespace xtape
