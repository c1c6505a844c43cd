#include "tensor/parallel.hpp"

#include <algorithm>
#include <cstddef>
#include <latch>
#include <limits>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "tensor/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/threads.hpp"

using xtape::parallel;

namespace {

using Ranges = std::vector<std::pair<std::size_t, std::size_t>>;

/// Returns the ranges for which `parallel` calls its body, in order.
Ranges ranges_of(std::size_t count, std::size_t grain, std::size_t work) {
  Ranges ranges;
  std::mutex mutex;
  parallel(count, grain, work, [&](std::size_t begin, std::size_t end) {
    const std::lock_guard lock(mutex);
    ranges.emplace_back(begin, end);
  });
  std::sort(ranges.begin(), ranges.end());
  return ranges;
}

constexpr std::size_t much_work = xtape::parallel_threshold;

}  // namespace

TEST_CASE("parallel covers every number once, in ranges that begin at multiples of the grain",
          "[threads]") {
  for (std::size_t threads : {1UL, 2UL, 3UL, 7UL}) {
    const Threads guard(threads);
    for (std::size_t grain : {1UL, 7UL, 64UL}) {
      for (std::size_t count :
           {0UL, 1UL, 2UL, 5UL, 63UL, 64UL, 65UL, 448UL, 449UL, 1000UL, 12345UL}) {
        INFO(count << " in grains of " << grain << " on " << threads << " threads");
        const Ranges ranges = ranges_of(count, grain, much_work);
        CHECK(ranges.size() <= threads);
        std::size_t next = 0;
        for (const auto& [begin, end] : ranges) {
          CHECK(begin == next);
          CHECK(begin % grain == 0);
          CHECK(begin < end);
          next = end;
        }
        CHECK(next == count);
      }
    }
  }
}

TEST_CASE("parallel shares out much work and keeps little work together", "[threads]") {
  const Threads guard(2);
  if (xtape::thread_count() == 2) {
    CHECK((ranges_of(1000, 64, much_work) == Ranges{{0, 512}, {512, 1000}}));
  }
  CHECK((ranges_of(1000, 64, much_work - 1) == Ranges{{0, 1000}}));
  CHECK((ranges_of(60, 64, much_work) == Ranges{{0, 60}}));
}

TEST_CASE("One thread gets one range", "[threads]") {
  const Threads guard(1);
  CHECK((ranges_of(1000000, 64, 1000000) == Ranges{{0, 1000000}}));
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
  CHECK((ranges_of(most, 64, much_work) == Ranges{{0, most}}));
}

TEST_CASE("parallel wants a grain of at least one", "[threads]") {
  CHECK_FAILS(ranges_of(1000, 0, much_work), xtape::ValueError,
              "parallel: expected a grain of at least 1, got 0");
}

TEST_CASE("set_thread_count wants at least one thread", "[threads]") {
  const std::size_t before = xtape::thread_count();
  CHECK(before >= 1);
  CHECK_FAILS(xtape::set_thread_count(0), xtape::ValueError,
              "set_thread_count: expected 1 to 1024 threads, got 0");
  CHECK_THROWS_AS(xtape::set_thread_count(std::size_t{1} << 32), xtape::ValueError);
  CHECK(xtape::thread_count() == before);
}

TEST_CASE("A range has the number of threads of the caller, whichever thread computes it",
          "[threads]") {
  for (const std::size_t threads : {5UL, 3UL}) {
    std::vector<std::size_t> counts(threads);
    std::jthread([&] {  // a new caller, which has not been kept waiting, so that all others help
      const Threads guard(threads);
      std::latch begun(static_cast<std::ptrdiff_t>(threads));
      parallel(threads, 1, much_work, [&](std::size_t begin, std::size_t) {
        begun.arrive_and_wait();  // a thread for each range
        counts[begin] = xtape::thread_count();
      });
    })
        .join();
    CHECK(counts == std::vector(threads, threads));
  }
}

TEST_CASE("The number of threads that a range sets holds within that range only", "[threads]") {
  for (const std::size_t threads : {1UL, 4UL}) {
    for (const std::size_t work : {std::size_t{1}, much_work}) {
      INFO(threads << " threads, work of " << work);
      const Threads guard(threads);
      std::vector<std::size_t> at_begin(threads), after_setting(threads);
      for (std::size_t call = 0; call < 2; ++call) {
        parallel(threads, 1, work, [&](std::size_t begin, std::size_t) {
          at_begin[begin] = xtape::thread_count();
          xtape::set_thread_count(threads + 1 + begin);
          after_setting[begin] = xtape::thread_count();
        });
        CHECK(xtape::thread_count() == threads);
        CHECK(at_begin[0] == threads);
        CHECK(at_begin.back() == (work < much_work && threads > 1 ? 0 : threads));
        CHECK(after_setting[0] == threads + 1);
      }
    }
  }
}

TEST_CASE("The number of threads is restored after a range that throws", "[threads]") {
  for (const std::size_t work : {std::size_t{1}, much_work}) {
    const Threads guard(3);
    const auto set_and_throw = [](std::size_t, std::size_t) {
      xtape::set_thread_count(7);
      throw xtape::ValueError("thrown");
    };
    CHECK_THROWS_AS(parallel(3, 1, work, set_and_throw), xtape::ValueError);
    CHECK(xtape::thread_count() == 3);
  }
}
