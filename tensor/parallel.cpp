#include "tensor/parallel.hpp"

#include <algorithm>

#include "tensor/error.hpp"

#ifdef _OPENMP
#include <omp.h>
#endif

// OpenBLAS may have threads of its own beside OpenMP's. Absent where another CBLAS is linked.
extern "C" [[gnu::weak]] void openblas_set_num_threads(int count);

namespace xtape {

namespace {

constexpr std::size_t max_threads = 1024;

void require_count(std::size_t count) {
  require<ValueError>(count >= 1 && count <= max_threads,
                      "set_thread_count: expected 1 to {} threads, got {}", max_threads, count);
}

}  // namespace

#ifdef _OPENMP

std::size_t thread_count() noexcept { return static_cast<std::size_t>(omp_get_max_threads()); }

void set_thread_count(std::size_t count) {
  require_count(count);
  omp_set_num_threads(static_cast<int>(count));
  if (openblas_set_num_threads != nullptr) {
    openblas_set_num_threads(static_cast<int>(count));
  }
}

void detail::parallel_ranges(std::size_t count, std::size_t grain,
                             void (*call)(const void*, std::size_t, std::size_t),
                             const void* body) {
#pragma omp parallel
  {
    const auto threads = static_cast<std::size_t>(omp_get_num_threads());
    const auto thread = static_cast<std::size_t>(omp_get_thread_num());
    const std::size_t grains = (count + grain - 1) / grain;
    const std::size_t share = (grains + threads - 1) / threads * grain;
    const std::size_t begin = std::min(count, thread * share);
    const std::size_t end = std::min(count, begin + share);
    if (begin < end) {
      call(body, begin, end);
    }
  }
}

#else

std::size_t thread_count() noexcept { return 1; }

void set_thread_count(std::size_t count) { require_count(count); }

void detail::parallel_ranges(std::size_t count, std::size_t,
                             void (*call)(const void*, std::size_t, std::size_t),
                             const void* body) {
  if (count > 0) {
    call(body, 0, count);
  }
}

#endif

}  // namespace xtape
