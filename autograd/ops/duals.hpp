#pragma once

#include "autograd/tape.hpp"

/// @file
/// Ops on the parts of Dual numbers, for losses that contain derivatives; see docs/derivatives.md.

namespace xtape {

/// Returns the tangents of y, the derivatives of y along the directions of the recording, as
/// values. Their own tangents are 0. A loss that is computed from them is differentiated by
/// DualTape::backward_primal(), not by Tape::backward(). The gradient with respect to a tangent is
/// passed on as the derivative of a value is: dy = (dz.tangent, 0).
///
///     auto u = model(x);
///     tape.backward_primal(mean(square(tangent(u) - u)));  // u' = u
///
/// Nested numbers have an inner and an outer direction. The tangents of y are the derivatives along
/// the outer one, and the result moves along the outer direction as they do along the inner one. So
/// tangent(tangent(y)) is the second derivative along both. A third tangent is not there: it is 0.
template <class F>
Variable<Dual<F>> tangent(Variable<Dual<F>> y);

/// Returns the values of y without any tangents. The gradient is dy = (0, dz.tangent).
template <class F>
Variable<Dual<F>> primal(Variable<Dual<F>> y);

/// Returns the outputs of a model unchanged, and makes the Hessian-vector products of a loss of
/// them Gauss-Newton products: J^T H J v, with the Jacobian J of the outputs and the Hessian H of
/// the loss with respect to the outputs. These are positive semidefinite if the loss is convex.
/// backward() drops the values of the gradient here, so the gradients of parameters are 0.
/// (Schraudolph 2002.) On a tape of plain numbers, this is y.
///
///     tape.backward(criterion(gauss_newton(model(x)), labels));
///@{
template <class F>
Variable<Dual<F>> gauss_newton(Variable<Dual<F>> y);
template <class F>
requires(!is_dual<F>) Variable<F> gauss_newton(Variable<F> y) { return y; }
template <class F>
Variable<Dual<Dual<F>>> gauss_newton(Variable<Dual<Dual<F>>> y) = delete;  // has no meaning
///@}

}  // namespace xtape
