#pragma once

#include <cstddef>
#include <memory>

/// @file
/// Data-parallel loops over threads.

namespace xtape {

/// Returns the number of threads that kernels and matrix products called by this thread may use.
/// Until set_thread_count() is called, the number is usable_processors(), or follows from
/// OMP_NUM_THREADS and OMP_THREAD_LIMIT.
std::size_t thread_count() noexcept;

/// Sets the number of threads that kernels and matrix products called by this thread may use.
/// Results depend on this number, because sums are taken in another order. If a range of parallel()
/// calls this function, the number holds until the range ends. Throws ValueError unless `count` is
/// from 1 to 1024.
void set_thread_count(std::size_t count);

/// The number of elements below which a second thread costs more than it saves.
inline constexpr std::size_t parallel_threshold = 32768;

namespace detail {

/// Returns the number of threads that the calling thread has chosen, or 0. The variable is not in
/// this header: with GCC 12, programs that read it in a loop may not link.
std::size_t& chosen_thread_count() noexcept;

/// Restores the number of threads of the calling thread at the end of a range of parallel().
class RestoredThreadCount {
 public:
  RestoredThreadCount() noexcept : chosen_(chosen_thread_count()), before_(chosen_) {}
  ~RestoredThreadCount() { chosen_ = before_; }
  RestoredThreadCount(const RestoredThreadCount&) = delete;
  RestoredThreadCount& operator=(const RestoredThreadCount&) = delete;

 private:
  std::size_t& chosen_;
  std::size_t before_;
};

void parallel_ranges(std::size_t count, std::size_t grain,
                     void (*call)(const void* body, std::size_t begin, std::size_t end),
                     const void* body);

}  // namespace detail

/// Calls `body(begin, end)` for ranges that together cover [0, count). If `work`, the number of
/// elements touched, is below parallel_threshold, there is one range. Otherwise, there is one range
/// per thread.
///
/// Ranges begin at multiples of `grain`. They depend only on `count` and thread_count(), so results
/// do not depend on which thread computes a range. The calling thread computes every range that no
/// other thread has begun. So it never waits for a thread that is not running. If ranges throw, the
/// exception of the first such range is rethrown after all ranges have ended. A call from within
/// one of several ranges that threads share, or from within a parallel region of OpenMP, starts no
/// further threads. A range must not call fork(): the child would compute the other ranges, too.
/// Throws ValueError if `grain` is 0 and there is work for several threads.
template <class Body>
void parallel(std::size_t count, std::size_t grain, std::size_t work, const Body& body) {
  if (work < parallel_threshold) {
    const detail::RestoredThreadCount restored;
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
