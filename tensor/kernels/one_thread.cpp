#include "tensor/kernels/one_thread.hpp"

#include <atomic>
#include <cstdint>

#ifdef _OPENMP
#include <omp.h>
#endif

// Null if another CBLAS is linked.
extern "C" [[gnu::weak]] void openblas_set_num_threads(int count);
extern "C" [[gnu::weak]] void bli_thread_set_num_threads(std::int64_t count);
// NOLINTNEXTLINE(readability-identifier-naming): the name that MKL gives it
extern "C" [[gnu::weak]] void MKL_Set_Num_Threads(int count);

namespace xtape {
namespace {

#ifdef _OPENMP
int openmp_threads() { return omp_get_max_threads(); }
void set_openmp_threads(int count) { omp_set_num_threads(count); }
#else
int openmp_threads() { return 1; }
void set_openmp_threads(int) {}
#endif

/// Threads may call it together. None waits for another, for which a forked child would wait for
/// ever.
void switch_off_blas_threads() {
  static std::atomic<bool> done = false;
  if (done.load(std::memory_order_acquire)) {
    return;
  }
  if (openblas_set_num_threads != nullptr) {
    openblas_set_num_threads(1);
  }
  if (bli_thread_set_num_threads != nullptr) {
    bli_thread_set_num_threads(1);
  }
  if (MKL_Set_Num_Threads != nullptr) {
    MKL_Set_Num_Threads(1);
  }
  done.store(true, std::memory_order_release);
}

}  // namespace

OneThread::OneThread() : before_(openmp_threads()) {
  switch_off_blas_threads();  // this may change OpenMP's number
  set_openmp_threads(1);
}

OneThread::~OneThread() { set_openmp_threads(before_); }

}  // namespace xtape
