#include "tensor/parallel.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "tensor/error.hpp"
#include "tensor/processors.hpp"
#include "tensor/thread_pool.hpp"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace xtape {
namespace {

constexpr std::size_t max_threads = detail::Job::max_chunks;

constinit thread_local std::size_t chosen_by_this_thread = 0;  // 0: not set

#ifdef _OPENMP
/// What OMP_NUM_THREADS asks for. It is read when the program starts, because later the number is
/// that of the calling thread, which may be within a parallel region.
const int openmp_threads_at_start = omp_get_max_threads();
#endif

#ifdef _OPENMP
/// True if OMP_NUM_THREADS is a list of numbers above 0, such as "4" or "4,2". OpenMP ignores any
/// other value.
bool openmp_count_is_set() noexcept {
  const char* text = std::getenv("OMP_NUM_THREADS");
  while (text != nullptr) {
    char* end = nullptr;
    const long count = std::strtol(text, &end, 10);
    if (count < 1 || count == std::numeric_limits<long>::max()) {
      return false;
    }
    end += std::strspn(end, " \t");
    if (*end == '\0') {
      return true;
    }
    text = *end == ',' ? end + 1 : nullptr;
  }
  return false;
}
#endif

/// Returns the number of threads that OpenMP's environment variables ask for, which users know.
/// Without them, it is the number of usable processors.
std::size_t default_thread_count() noexcept {
  std::size_t count = usable_processors();
#ifdef _OPENMP
  if (openmp_count_is_set()) {
    const bool started = openmp_threads_at_start > 0;  // no, if another static object calls this
    count = static_cast<std::size_t>(started ? openmp_threads_at_start : omp_get_max_threads());
  }
  count = std::min(count, static_cast<std::size_t>(omp_get_thread_limit()));
#endif
  return std::clamp<std::size_t>(count, 1, max_threads);
}

bool within_openmp() noexcept {
#ifdef _OPENMP
  return omp_in_parallel() != 0;
#else
  return false;
#endif
}

}  // namespace

std::size_t& detail::chosen_thread_count() noexcept { return chosen_by_this_thread; }

std::size_t thread_count() noexcept {
  if (chosen_by_this_thread == 0) {
    chosen_by_this_thread = default_thread_count();
  }
  return chosen_by_this_thread;
}

void set_thread_count(std::size_t count) {
  require<ValueError>(count >= 1 && count <= max_threads,
                      "set_thread_count: expected 1 to {} threads, got {}", max_threads, count);
  chosen_by_this_thread = count;
}

void detail::parallel_ranges(std::size_t count, std::size_t grain,
                             void (*call)(const void*, std::size_t, std::size_t),
                             const void* body) {
  require<ValueError>(grain > 0, "parallel: expected a grain of at least 1, got 0");
  const auto divide = [](std::size_t a, std::size_t b) { return a / b + (a % b == 0 ? 0 : 1); };
  const std::size_t threads = thread_count();
  const std::size_t grains = divide(divide(count, grain), threads);
  const std::size_t size = grains > count / grain ? count : grains * grain;
  const std::size_t chunks = size == 0 ? 0 : divide(count, size);
  const auto compute = [&](std::size_t chunk) {
    const RestoredThreadCount restored;
    chosen_by_this_thread = threads;  // a worker counts as its caller does
    const std::size_t begin = chunk * size;
    call(body, begin, begin + std::min(size, count - begin));
  };
  run_chunks(chunks, within_openmp() ? 1 : threads, compute);
}

}  // namespace xtape
