#pragma once

#include "tensor/array.hpp"
#include "tensor/dual_math.hpp"

/// @file
/// The function elementwise(), which applies your own functions in expressions.

namespace xtape {

/// Returns the lazy expression f(a[i], b[i], ...). The operands must live until the expression is
/// evaluated. Use elementwise() for functions that xtensor does not vectorise. If f is plain
/// arithmetic, the compiler vectorises the loop.
///
/// Arrays of parallel_threshold elements and more are divided among threads. Several threads then
/// call f at once, so an f that changes shared state is a data race. An exception from f reaches
/// the caller of the op. If several threads throw, the caller gets the exception of the lowest
/// range of elements.
template <class F, class... Operands>
auto elementwise(F f, const Operands&... operands) {
  return xt::xfunction<F, xt::const_xclosure_t<const Operands&>...>(f, operands...);
}

/// Returns the lazy expression 1 / (1 + e^-x). Neither the value nor a tangent is NaN for any
/// number.
template <class T>
auto logistic(const Array<T>& x) {
  return elementwise(detail::Smooth<detail::LogisticRule>(), x);
}

/// Returns the lazy expression max(x, 0).
template <class T>
auto positive_part(const Array<T>& x) {
  return elementwise(detail::Smooth<detail::PositivePartRule>(), x);
}

}  // namespace xtape
