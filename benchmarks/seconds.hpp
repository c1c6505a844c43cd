#pragma once

#include <chrono>
#include <cstddef>
#include <ctime>

namespace benchmarks {

/// Returns the time in seconds, from some start, of work on so many threads. For one thread, it is
/// the processor time of the calling thread, which other programs disturb little. For several
/// threads, it is the elapsed time.
inline double seconds(std::size_t threads) {
  if (threads > 1) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace benchmarks
