#pragma once

#include <cstddef>
#include <memory>

/// @file
/// Threads.

namespace xtape {

/// Returns the number of threads that kernels and matrix products called by this thread may use.
/// Until set_thread_count() is called, it is usable_processors(), or what OMP_NUM_THREADS and
/// OMP_THREAD_LIMIT say.
std::size_t thread_count() noexcept;

/// Sets the number of threads that kernels and matrix products called by this thread may use.
/// Results depend on this number, because sums are taken in another order. Throws ValueError unless
/// `count` is from 1 to 1024.
void set_thread_count(std::size_t count);

/// Below this many elements of work a second thread costs more than it gives.
inline constexpr std::size_t parallel_threshold = 32768;

namespace detail {
void parallel_ranges(std::size_t count, std::size_t grain,
                     void (*call)(const void* body, std::size_t begin, std::size_t end),
                     const void* body);
}

/// Calls `body(begin, end)` for ranges that together cover [0, count): for one range when `work`
/// (elements touched) is small, else for one range per thread.
///
/// Ranges begin at multiples of `grain` and depend on `count` and thread_count() only, so a result
/// does not depend on which thread computes a range. This thread computes every range that no
/// other thread has begun, so it never waits for a thread that is not running. When ranges throw,
/// the exception of the first such range is rethrown after all ranges have ended. A call from
/// within a range, or from within a parallel region of OpenMP, starts no further threads.
template <class Body>
void parallel(std::size_t count, std::size_t grain, std::size_t work, const Body& body) {
  if (work < parallel_threshold) {
    body(std::size_t{0}, count);
    return;
  }
  detail::parallel_ranges(
      count, grain,
      [](const void* self, std::size_t begin, std::size_t end) {
        (*static_cast<const Body*>(self))(begin, end);
      },
      std::addressof(body));
}

}  // namespace xtape
