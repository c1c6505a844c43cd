#pragma once

#include <csignal>

/// @file
/// The signals that can wait. The thread pool and oneDNN's products use this header.

namespace xtape {

/// Returns `signals` without the signals of a fault, which cannot wait. A blocked signal of a fault
/// ends the process without a call of the program's handler.
inline sigset_t without_faults(sigset_t signals) noexcept {
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) {
    sigdelset(&signals, fault);
  }
  return signals;
}

}  // namespace xtape
