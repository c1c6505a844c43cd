#pragma once

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <array>
#include <ctime>
#include <string>

#include "tests/support/allocation_counter.hpp"
#include "tests/support/catch.hpp"

/// The cost limits of a hostile file. It must be rejected with a clear error, at most 64 MB of
/// memory, and at most 20 times the time of a valid file of its kind and size. Valid files differ
/// less from each other. The attacks that the limit is for take hundreds of times as long:
/// unpacking all that a small file unpacks to, or going through all entries for each entry.

/// The cost of reading or rejecting a file.
struct Cost {
  bool refused = false;
  double seconds = 0;  // of processor time
  long megabytes = 0;
};

inline constexpr double most_times = 20;
inline constexpr long most_megabytes = 64;

/// Runs `read` in its own process, so that other tests and programs do not count.
template <class Read>
Cost cost_once(Read read) {
#ifdef __GLIBC__
  ::malloc_trim(0);  // so that memory use grows when it is allocated again
#endif
  Cost cost;
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    rusage before{}, after{};
    ::getrusage(RUSAGE_SELF, &before);
    const std::clock_t start = std::clock();
    const std::string message = message_of(read);
    cost.seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    ::getrusage(RUSAGE_SELF, &after);
    cost.megabytes = (after.ru_maxrss - before.ru_maxrss) / 1024;
    cost.refused = message != "(nothing thrown)" && message.size() < 10000;
    ::_exit(::write(ends[1], &cost, sizeof cost) == sizeof cost ? 0 : 1);
  }
  ::close(ends[1]);
  const bool told = ::read(ends[0], &cost, sizeof cost) == sizeof cost;
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  REQUIRE(told);  // otherwise it crashed
  return cost;
}

/// True if time and memory are those that a user would see: not in debug builds or with sanitizers.
inline bool measures_cost() {
#ifdef __OPTIMIZE__
  return counts_allocations();
#else
  return false;
#endif
}

/// Returns the smallest cost of some tries, because a busy machine loses its caches.
template <class Read>
Cost cost_of(Read read) {
  Cost least = cost_once(read);
  for (int tries = measures_cost() ? 5 : 1; tries > 1; --tries) {
    const Cost next = cost_once(read);
    least = next.seconds < least.seconds ? next : least;
  }
  return least;
}

/// Checks a cost against that of a valid file of the same kind and size.
inline void check_cheap(const Cost& cost, const Cost& sound) {
  CHECK_FALSE(sound.refused);
  if (measures_cost()) {
    CHECK(cost.seconds < most_times * sound.seconds);
    CHECK(cost.megabytes < most_megabytes);
  }
}

/// Checks that `read` throws, and checks its cost.
template <class Read>
void check_refused_at_once(Read read, const Cost& sound) {
  const Cost cost = cost_of(read);
  CHECK(cost.refused);
  check_cheap(cost, sound);
}
