#pragma once

#include <cstdio>

#include "tensor/error.hpp"

namespace mnist {

/// Hands what has been printed to the system, so that readers see it now. Throws Error when
/// standard output is closed or its disk is full.
inline void flush_output() {
  xtape::require<xtape::Error>(std::fflush(stdout) == 0 && std::ferror(stdout) == 0,
                               "cannot write to standard output");
}

}  // namespace mnist
