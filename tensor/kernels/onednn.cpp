#include "tensor/kernels/onednn.hpp"

#if __has_include(<oneapi/dnnl/dnnl.h>)
#include <oneapi/dnnl/dnnl.h>
#else
#include <dnnl.h>
#endif
#include <fmt/format.h>
#include <pthread.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <atomic>
#include <csignal>
#include <cstring>
#include <new>

#include "tensor/error.hpp"
#include "tensor/kernels/address_space.hpp"
#include "tensor/kernels/signals.hpp"

namespace xtape::onednn {
namespace {

/// oneDNN crashes if it has no memory for generated code and copies of operands, a few MB in all.
/// This check throws std::bad_alloc instead, at the first call of a thread.
void require_workspace() {
  thread_local bool possible = false;
  if (!possible) {
    require_address_space(std::size_t{32} << 20);
    possible = true;
  }
}

std::atomic<bool> kernels_destroyed = false;

/// Knows when oneDNN's kernels are destroyed. They are static objects, made by the first product.
/// An object made after them is destroyed before them.
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

}  // namespace

void sgemm(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k,
           float alpha, const float* a, std::size_t lda, const float* b, std::size_t ldb,
           float beta, float* c, std::size_t ldc) {
  require_workspace();
  const auto flag = [](bool transpose) { return transpose ? 'T' : 'N'; };
  const auto index = [](std::size_t extent) { return static_cast<dnnl_dim_t>(extent); };
  const WithoutSignals guard;
  const dnnl_status_t status =
      dnnl_sgemm(flag(transpose_a), flag(transpose_b), index(m), index(n), index(k), alpha, a,
                 index(lda), b, index(ldb), beta, c, index(ldc));
  [[maybe_unused]] static const KernelsEnd end;
  if (status == dnnl_out_of_memory) {
    throw std::bad_alloc();
  }
  require<Error>(status == dnnl_success, "gemm: oneDNN failed with status {}",
                 static_cast<int>(status));
}

bool usable() noexcept { return !kernels_destroyed; }

std::string version() {
  const dnnl_version_t* linked = dnnl_version();
  return fmt::format("{}.{}.{}", linked->major, linked->minor, linked->patch);
}

}  // namespace xtape::onednn
