#pragma once

#include <cstddef>

/// @file
/// Guard before libraries that crash or wait for ever where they get no memory. Used by
/// tensor/gemm.cpp and tensor/kernels/onednn.cpp.

namespace xtape {

/// Throws std::bad_alloc unless the process could map so many bytes more at this moment, for
/// instance because of `ulimit -v`. Takes a few microseconds, so a thread should ask only once.
void require_address_space(std::size_t bytes);

}  // namespace xtape
