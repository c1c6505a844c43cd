#pragma once

#include "autograd/tape.hpp"

/// @file
/// Mathematical functions, element by element. dy is the gradient of the result y.

namespace xtape {

/// Returns y = e^x,   dx = dy y.
template <class T>
Variable<T> exp(Variable<T> x);

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
Variable<T> pow(Variable<T> x, std::type_identity_t<T> exponent);

/// Returns y = |x|,   dx = sign(x) dy, with sign(0) = 0.
template <class T>
Variable<T> abs(Variable<T> x);

/// Returns y = sin x,   dx = dy cos x.
template <class T>
Variable<T> sin(Variable<T> x);

/// Returns y = cos x,   dx = -dy sin x.
template <class T>
Variable<T> cos(Variable<T> x);

}  // namespace xtape
