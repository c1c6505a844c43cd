#pragma once

#include "tensor/xtensor.hpp"

/// @file
/// Functions of one's own in expressions.

namespace xtape {

/// The lazy expression f(a[i], b[i], ...) over arrays or expressions that live at least until it is
/// evaluated. For what xtensor has no vectorised function for; the compiler vectorises the loop
/// where f is plain arithmetic.
template <class F, class... Operands>
auto elementwise(F f, const Operands&... operands) {
  return xt::xfunction<F, xt::const_xclosure_t<const Operands&>...>(f, operands...);
}

}  // namespace xtape
