#pragma once

#include "autograd/tape.hpp"

/// @file
/// Activation functions, element by element. dy is the gradient of the result y. The value at NaN
/// is NaN.

namespace xtape {

/// Returns y = sigma(x) = 1 / (1 + e^-x),   dx = dy y (1 - y). Overflow does not give NaN for any
/// x.
template <class T>
Variable<T> sigmoid(Variable<T> x);

/// Returns y = tanh(x),   dx = dy (1 - y^2).
template <class T>
Variable<T> tanh(Variable<T> x);

/// Returns y = max(x, 0),   dx = dy where x > 0, else 0 (Nair and Hinton 2010).
template <class T>
Variable<T> relu(Variable<T> x);

/// Returns y = x where x > 0, else slope * x,   dx = dy where x > 0, else slope * dy (Maas et al.
/// 2013).
template <class T>
Variable<T> leaky_relu(Variable<T> x, std::type_identity_t<Real<T>> slope = Real<T>(0.01));

/// Returns y = x where x > 0, else alpha (e^x - 1),   dx = dy where x > 0, else alpha e^x dy
/// (Clevert et al. 2016).
template <class T>
Variable<T> elu(Variable<T> x, std::type_identity_t<Real<T>> alpha = Real<T>(1));

/// Returns y = ln(1 + e^x),   dx = dy sigma(x). The op computes max(x, 0) + ln(1 + e^-|x|), which
/// neither overflows nor cancels.
template <class T>
Variable<T> softplus(Variable<T> x);

/// Returns y = x Phi(x) with the normal distribution function Phi,   dx = dy (Phi(x) + x phi(x))
/// (Hendrycks and Gimpel 2016). The op uses the error function, not the approximation by tanh.
template <class T>
Variable<T> gelu(Variable<T> x);

}  // namespace xtape
