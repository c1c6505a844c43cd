#pragma once

#include "autograd/tape.hpp"

/// @file
/// Ops that cannot differentiate twice.

/// Declares an op for Dual numbers whose call does not compile, because the op takes none. Its
/// parameters are those of the op, with Dual<T> in place of T.
#define XTAPE_NO_DUALS(op, parameters)                                                           \
  template <class T>                                                                             \
  Variable<Dual<T>> op parameters {                                                              \
    static_assert(sizeof(T) == 0, "xtape: " #op                                                  \
                                  " cannot be differentiated forward or twice yet: it has no "   \
                                  "jvp, hvp, hessian and jacfwd. grad, vjp and jacrev have it"); \
  }                                                                                              \
  static_assert(true)
