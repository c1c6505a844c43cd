#pragma once

#include <cstddef>

/// @file
/// A check for free address space. Some libraries crash or hang if an allocation fails, so callers
/// check first. tensor/gemm.cpp and tensor/kernels/onednn.cpp use the check.

namespace xtape {

/// Throws std::bad_alloc if the process cannot map `bytes` more bytes now, for example because of
/// `ulimit -v`. The check takes a few microseconds, so a thread should make it only once.
void require_address_space(std::size_t bytes);

}  // namespace xtape
