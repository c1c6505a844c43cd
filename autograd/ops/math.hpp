#pragma once

#include "autograd/tape.hpp"

/// @file
/// Mathematical functions, element by element. dy is the gradient of the result y.

namespace xtape {

/// y = e^x,   dx = dy y
template <class T>
Variable<T> exp(Variable<T> x);

/// y = ln x,   dx = dy / x. As in IEEE arithmetic, ln 0 is -inf, and ln of a negative number is
/// NaN.
template <class T>
Variable<T> log(Variable<T> x);

/// y = ln(1 + x), accurate for small x too,   dx = dy / (1 + x). As in IEEE arithmetic, y is -inf
/// for x = -1, and NaN for x < -1.
template <class T>
Variable<T> log1p(Variable<T> x);

/// y = sqrt(x),   dx = dy / (2 y), which is infinite at 0.
template <class T>
Variable<T> sqrt(Variable<T> x);

/// y = x^2,   dx = 2 x dy
template <class T>
Variable<T> square(Variable<T> x);

/// y = x^p for a number p,   dx = p x^(p - 1) dy, which is 0 for p = 0.
template <class T>
Variable<T> pow(Variable<T> x, std::type_identity_t<T> exponent);

/// y = |x|,   dx = sign(x) dy, taking sign(0) = 0.
template <class T>
Variable<T> abs(Variable<T> x);

/// y = sin x,   dx = dy cos x
template <class T>
Variable<T> sin(Variable<T> x);

/// y = cos x,   dx = -dy sin x
template <class T>
Variable<T> cos(Variable<T> x);

}  // namespace xtape
