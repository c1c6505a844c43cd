#pragma once

#include <cstdio>
#include <string>

#include "tensor/error.hpp"

namespace mnist {

/// Hands what has been printed to the system, so that readers see it now. Throws Error when
/// standard output is closed or its disk is full.
inline void flush_output() {
  xtape::require<xtape::Error>(std::fflush(stdout) == 0 && std::ferror(stdout) == 0,
                               "cannot write to standard output");
}

/// Says `message` on a line of standard error. When that is closed there is nobody to tell.
inline void complain(const std::string& message) {
  std::fputs(("mnist: " + message + '\n').c_str(), stderr);
}

}  // namespace mnist
