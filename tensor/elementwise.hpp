#pragma once

#include "tensor/xtensor.hpp"

/// @file
/// Functions of one's own in expressions.

namespace xtape {

/// Returns the lazy expression f(a[i], b[i], ...) over arrays or expressions that live at least
/// until it is evaluated. It is for what xtensor has no vectorised function for; the compiler
/// vectorises the loop where f is plain arithmetic.
///
/// Large arrays are divided among threads, so several threads may call f at once: an f that changes
/// what it refers to is a data race from parallel_threshold elements on. An exception that f throws
/// arrives at the caller of the op; of several, the one at the lowest range of elements.
template <class F, class... Operands>
auto elementwise(F f, const Operands&... operands) {
  return xt::xfunction<F, xt::const_xclosure_t<const Operands&>...>(f, operands...);
}

}  // namespace xtape
