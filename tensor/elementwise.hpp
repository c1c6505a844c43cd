#pragma once

#include "tensor/xtensor.hpp"

/// @file
/// Your own functions in expressions.

namespace xtape {

/// Returns the lazy expression f(a[i], b[i], ...). The operands must live until it is evaluated.
/// Use it for functions that xtensor does not vectorise. If f is plain arithmetic, the compiler
/// vectorises the loop.
///
/// Large arrays are divided among threads: from parallel_threshold elements on, several threads
/// call f at once, and an f that changes shared state is a data race. An exception from f reaches
/// the caller of the op. If several threads throw, it is the exception for the lowest range of
/// elements.
template <class F, class... Operands>
auto elementwise(F f, const Operands&... operands) {
  return xt::xfunction<F, xt::const_xclosure_t<const Operands&>...>(f, operands...);
}

}  // namespace xtape
