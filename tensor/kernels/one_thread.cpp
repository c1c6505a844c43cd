#include "tensor/kernels/one_thread.hpp"

#ifdef _OPENMP
#include <omp.h>
#endif

// Null if another CBLAS is linked.
extern "C" [[gnu::weak]] void openblas_set_num_threads(int count);

namespace xtape {
namespace {

#ifdef _OPENMP
int openmp_threads() { return omp_get_max_threads(); }
void set_openmp_threads(int count) { omp_set_num_threads(count); }
#else
int openmp_threads() { return 1; }
void set_openmp_threads(int) {}
#endif

void switch_off_openblas_threads() {
  static const bool once = [] {
    if (openblas_set_num_threads != nullptr) {
      openblas_set_num_threads(1);
    }
    return true;
  }();
  static_cast<void>(once);
}

}  // namespace

OneThread::OneThread() : before_(openmp_threads()) {
  switch_off_openblas_threads();  // this may change OpenMP's number
  set_openmp_threads(1);
}

OneThread::~OneThread() { set_openmp_threads(before_); }

}  // namespace xtape
