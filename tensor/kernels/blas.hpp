#pragma once

#if __has_include(<cblas.h>)
#include <cblas.h>
#else
#include <mkl_cblas.h>
#endif

#include <cstddef>
#include <limits>

#include "tensor/error.hpp"
#include "tensor/kernels/address_space.hpp"

/// @file
/// What all calls of BLAS and LAPACK need.

namespace xtape {

/// Converts an extent for BLAS. Throws ShapeError, with the name `op`, if BLAS cannot index it.
inline int blas_index(const char* op, std::size_t extent) {
  require<ShapeError>(extent <= static_cast<std::size_t>(std::numeric_limits<int>::max()),
                      "{}: an extent of {} is more than BLAS can index", op, extent);
  return static_cast<int>(extent);
}

/// OpenBLAS takes a buffer of 128 MiB for each calling thread, and retries forever if it cannot get
/// one. This check throws std::bad_alloc instead, at the first call of a thread.
inline void require_blas_buffer() {
#ifdef OPENBLAS_VERSION
  thread_local bool possible = false;
  if (!possible) {
    require_address_space(std::size_t{129} << 20);
    possible = true;
  }
#endif
}

}  // namespace xtape
