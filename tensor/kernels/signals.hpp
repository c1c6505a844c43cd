#pragma once

#include <csignal>

/// @file
/// Which signals can wait. Used by the thread pool and by oneDNN's products.

namespace xtape {

/// Returns the signals without those of a fault, which cannot wait: if one is blocked, it ends the
/// process without the program's handler.
inline sigset_t without_faults(sigset_t signals) noexcept {
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) {
    sigdelset(&signals, fault);
  }
  return signals;
}

}  // namespace xtape
