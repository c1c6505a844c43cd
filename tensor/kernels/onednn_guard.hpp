#pragma once

#include <pthread.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstring>

#include "tensor/kernels/address_space.hpp"
#include "tensor/kernels/signals.hpp"

/// @file
/// What every call of oneDNN needs. Used by the sources of xtape::onednn.

namespace xtape::onednn {

/// oneDNN crashes if it has no memory for generated code and copies of operands, a few MB in all.
/// This check throws std::bad_alloc instead, at the first call of a thread.
inline void require_workspace() {
  thread_local bool possible = false;
  if (!possible) {
    require_address_space(std::size_t{32} << 20);
    possible = true;
  }
}

/// True once the program's exit has destroyed kernels of oneDNN.
inline std::atomic<bool> kernels_destroyed = false;

/// Knows when oneDNN's kernels are destroyed. They are static objects, made by the first operation
/// of each kind. An object made after them is destroyed before them.
struct KernelsEnd {
  ~KernelsEnd() { kernels_destroyed = true; }
};

/// Blocks signals to this thread while it lives.
///
/// Kernels of oneDNN 2.6 point the stack pointer into their workspace. The frame of a signal
/// handler, even of an empty one, would overwrite what lies before it on the heap.
class WithoutSignals {
 public:
  WithoutSignals() noexcept {
    sigset_t all;
    std::memset(&all, 0xff, sizeof all);  // sigfillset() leaves out the C library's own
    const sigset_t others = without_faults(all);
    change(SIG_BLOCK, &others, &before_);
  }
  ~WithoutSignals() { change(SIG_SETMASK, &before_, nullptr); }
  WithoutSignals(const WithoutSignals&) = delete;
  WithoutSignals& operator=(const WithoutSignals&) = delete;

 private:
  static void change(int how, const sigset_t* set, sigset_t* before) noexcept {
#ifdef __linux__
    // pthread_sigmask() does not block the signal by which setuid() reaches every thread.
    syscall(SYS_rt_sigprocmask, how, set, before, std::size_t{_NSIG / 8});
#else
    pthread_sigmask(how, set, before);
#endif
  }

  sigset_t before_;
};

}  // namespace xtape::onednn
