#include "tensor/thread_pool.hpp"

#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <latch>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tensor/error.hpp"
#include "tensor/parallel.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/threads.hpp"

using xtape::detail::run_chunks;

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;
using std::chrono::milliseconds;

/// Returns how often each chunk was computed.
std::vector<int> counts(std::size_t chunks, std::size_t threads) {
  std::vector<std::atomic<int>> calls(chunks);
  run_chunks(chunks, threads, [&](std::size_t chunk) { ++calls[chunk]; });
  return {calls.begin(), calls.end()};
}

/// Returns how often this thread has lost its processor although it had work.
long involuntary_switches() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nivcsw;
}

/// The first worker, held in a chunk for the lifetime of the object.
class HeldWorker {
 public:
  HeldWorker()
      : caller_([this] {
          run_chunks(2, 2, [this](std::size_t) {
            both_there_.count_down();
            release_.wait();
          });
        }) {
    both_there_.wait();
  }
  ~HeldWorker() { release_.count_down(); }
  HeldWorker(const HeldWorker&) = delete;
  HeldWorker& operator=(const HeldWorker&) = delete;

 private:
  std::latch both_there_{2}, release_{1};
  std::jthread caller_;
};

/// Lets a worker keep this thread waiting for 5 ms. Returns the time after that, or nothing if it
/// was not the worker alone that lost time.
std::optional<Clock::time_point> stall() {
  const auto self = std::this_thread::get_id();
  std::atomic<int> there = 0;
  const long preempted = involuntary_switches();
  const auto start = Clock::now();
  Clock::time_point own_end;
  run_chunks(2, 2, [&](std::size_t) {
    ++there;
    while (there < 2 && Clock::now() - start < milliseconds(2)) {
    }
    if (std::this_thread::get_id() == self) {
      own_end = Clock::now();
    } else {
      std::this_thread::sleep_for(milliseconds(5));
    }
  });
  const bool waited = own_end - start < milliseconds(2) && involuntary_switches() == preempted;
  return waited ? std::optional(Clock::now()) : std::nullopt;
}

/// Computes chunks for this time. Returns true if this thread computed all of them.
bool computes_alone_for(milliseconds time) {
  const auto self = std::this_thread::get_id();
  const auto end = Clock::now() + time;
  std::atomic<bool> alone = true;
  while (Clock::now() < end) {
    run_chunks(2, 2, [&](std::size_t) {
      alone = alone && std::this_thread::get_id() == self;
      std::this_thread::sleep_for(std::chrono::microseconds(500));
    });
  }
  return alone;
}

enum class Verdict { right, wrong, disturbed };

/// The verdict on what was seen `alone` since a stall, if not more than `most` has passed.
Verdict verdict(std::optional<Clock::time_point> stalled, milliseconds most, bool alone) {
  if (!stalled || Clock::now() - *stalled > most) {
    return Verdict::disturbed;
  }
  return alone ? Verdict::right : Verdict::wrong;
}

/// Returns what `look` sees in a thread that has not waited yet. Other processes may disturb the
/// look, so it is repeated for a minute.
template <class Look>
Verdict look_in_new_threads(const Look& look) {
  const auto give_up = Clock::now() + std::chrono::seconds(60);
  auto seen = Verdict::disturbed;
  while (seen == Verdict::disturbed && Clock::now() < give_up) {
    std::jthread([&] { seen = look(); }).join();
  }
  return seen;
}

void check(Verdict verdict) {
  if (verdict == Verdict::disturbed) {
    XTAPE_SKIP("SKIPPED: other processes took the processor from the caller in every attempt");
  }
  CHECK(verdict == Verdict::right);
}

}  // namespace

TEST_CASE("Each chunk is computed once", "[threads]") {
  for (const std::size_t threads : {1UL, 2UL, 3UL, 8UL}) {
    for (const std::size_t chunks : {0UL, 1UL, 2UL, 3UL, 7UL, 64UL, 1024UL}) {
      INFO(chunks << " chunks on " << threads << " threads");
      CHECK(counts(chunks, threads) == std::vector<int>(chunks, 1));
    }
  }
}

TEST_CASE("Other threads help, each with chunks of its own", "[threads]") {
  // No chunk ends before all have begun, so each needs a thread. A new caller has not waited yet,
  // so it asks for help.
  for (const std::size_t threads : {2UL, 3UL, 5UL}) {
    std::vector<std::thread::id> computed_by(threads);
    std::thread::id caller;
    std::jthread([&] {
      caller = std::this_thread::get_id();
      std::latch begun(static_cast<std::ptrdiff_t>(threads));
      run_chunks(threads, threads, [&](std::size_t chunk) {
        computed_by[chunk] = std::this_thread::get_id();
        begun.arrive_and_wait();
      });
    }).join();
    CHECK(std::set(computed_by.begin(), computed_by.end()).size() == threads);
    CHECK(computed_by[0] == caller);
  }
}

TEST_CASE("A caller does not wait for a worker that is busy elsewhere", "[threads]") {
  const HeldWorker held;
  for (int i = 0; i < 100; ++i) {
    std::set<std::thread::id> threads;
    run_chunks(4, 2, [&](std::size_t) { threads.insert(std::this_thread::get_id()); });
    CHECK(threads == std::set{std::this_thread::get_id()});
  }
}

TEST_CASE("After a worker has kept it waiting a caller computes alone for a while", "[threads]") {
  check(look_in_new_threads([] {
    const std::optional<Clock::time_point> stalled = stall();
    const bool alone = computes_alone_for(milliseconds(6));
    return verdict(stalled, milliseconds(8), alone);  // 10 after a stall of 5
  }));
}

TEST_CASE("A caller that is kept waiting again computes alone for longer", "[threads]") {
  check(look_in_new_threads([] {
    const std::optional<Clock::time_point> first = stall();
    if (!first) {
      return Verdict::disturbed;
    }
    std::this_thread::sleep_until(*first + milliseconds(11));
    const std::optional<Clock::time_point> second = stall();
    if (!second || *second - *first > milliseconds(18)) {
      return Verdict::disturbed;  // 20 after the first, the second would be a first one again
    }
    const bool alone = computes_alone_for(milliseconds(14));
    return verdict(second, milliseconds(17), alone);  // 20 after another stall of 5
  }));
}

TEST_CASE("A caller asks for help again after the time alone", "[threads]") {
  const Verdict helped = look_in_new_threads([] {
    const std::optional<Clock::time_point> stalled = stall();
    if (!stalled) {
      return Verdict::disturbed;
    }
    std::this_thread::sleep_until(*stalled + milliseconds(20));
    return computes_alone_for(milliseconds(100)) ? Verdict::disturbed : Verdict::right;
  });
  CHECK(helped == Verdict::right);
}

TEST_CASE("The exception of the first chunk that throws arrives, after all chunks have ended",
          "[threads]") {
  for (const std::size_t threads : {1UL, 2UL, 3UL}) {
    std::vector<std::atomic<int>> calls(16);
    const auto compute = [&](std::size_t chunk) {
      ++calls[chunk];
      if (chunk % 5 == 3) {
        throw std::runtime_error("chunk " + std::to_string(chunk));
      }
    };
    CHECK_THROWS_WITH(run_chunks(16, threads, compute), "chunk 3");
    CHECK(std::all_of(calls.begin(), calls.end(), [](const auto& count) { return count == 1; }));
    CHECK(counts(16, threads) == std::vector<int>(16, 1));
  }
}

TEST_CASE("Chunks may have chunks of their own", "[threads]") {
  std::vector<std::atomic<int>> calls(8 * 16);
  run_chunks(8, 2, [&](std::size_t outer) {
    run_chunks(16, 2, [&](std::size_t inner) { ++calls[outer * 16 + inner]; });
  });
  CHECK(std::all_of(calls.begin(), calls.end(), [](const auto& count) { return count == 1; }));
}

TEST_CASE("Many callers share the workers", "[threads]") {
  constexpr std::size_t callers = 8, rounds = 2000;
  std::vector<std::size_t> sums(callers, 0);
  {
    std::vector<std::jthread> threads;
    for (std::size_t& sum : sums) {
      threads.emplace_back([&sum] {
        for (std::size_t round = 0; round < rounds; ++round) {
          std::size_t parts[6] = {};
          run_chunks(6, 3, [&](std::size_t chunk) { parts[chunk] = chunk + round; });
          for (const std::size_t part : parts) {
            sum += part;
          }
        }
      });
    }
  }
  CHECK(sums == std::vector<std::size_t>(callers, rounds * 15 + 6 * rounds * (rounds - 1) / 2));
}

TEST_CASE("A caller waits for its own chunks, not for those that the worker had before",
          "[threads]") {
  constexpr std::size_t callers = 3;
  std::atomic<int> missing = 0;
  std::vector<std::atomic<int>> done(2 * callers);  // a chunk that comes too late finds it there
  const auto call = [&](std::atomic<int>* chunks, int round) {
    const auto self = std::this_thread::get_id();
    run_chunks(2, 2, [&](std::size_t chunk) {
      const bool own = std::this_thread::get_id() == self;
      std::this_thread::sleep_for(microseconds(own ? 300 : 1000));
      chunks[chunk] = round;
    });
    missing += chunks[0] != round || chunks[1] != round;
  };
  const auto end = Clock::now() + milliseconds(300);
  std::vector<std::jthread> threads;
  for (std::size_t caller = 0; caller < callers; ++caller) {
    threads.emplace_back([&, chunks = &done[2 * caller]] {
      for (int round = 1; Clock::now() < end; ++round) {
        // A new thread has not been kept waiting, so it asks for help.
        std::jthread([&] { call(chunks, round); }).join();
      }
    });
  }
  threads.clear();
  CHECK(missing == 0);
}

TEST_CASE("Workers stay on the processors that somebody binds them to", "[threads]") {
  CHECK(counts(4, 2) == std::vector<int>(4, 1));  // there are workers
  cpu_set_t before, one;
  REQUIRE(::sched_getaffinity(0, sizeof before, &before) == 0);
  CPU_ZERO(&one);
  for (std::size_t processor = 0; CPU_COUNT(&one) == 0; ++processor) {
    if (CPU_ISSET(processor, &before)) {
      CPU_SET(processor, &one);
    }
  }
  std::vector<pid_t> threads;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    threads.push_back(std::stoi(task.path().filename()));
  }
  const auto bind = [&](const cpu_set_t& set) {
    for (const pid_t thread : threads) {
      ::sched_setaffinity(thread, sizeof set, &set);
    }
  };
  bind(one);
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(milliseconds(1));  // the workers fall asleep
    std::jthread([] { counts(4, 2); }).join();     // and are woken
  }
  const auto is_bound = [&](pid_t thread) {
    cpu_set_t now;
    return ::sched_getaffinity(thread, sizeof now, &now) != 0 || CPU_EQUAL(&now, &one);
  };
  CHECK(std::all_of(threads.begin(), threads.end(), is_bound));
  bind(before);
}

TEST_CASE("Workers leave signals to the program, but for those of their own faults", "[threads]") {
  std::vector<sigset_t> blocked(2);
  std::jthread([&] {  // a new caller, which has not been kept waiting
    std::latch begun(2);
    run_chunks(2, 2, [&](std::size_t chunk) {
      begun.arrive_and_wait();  // a thread for each chunk
      ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked[chunk]);
    });
  })
      .join();
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) {
    INFO("signal " << fault);
    CHECK(sigismember(&blocked[1], fault) == 0);
  }
  for (const int other : {SIGINT, SIGTERM, SIGALRM, SIGPIPE}) {
    INFO("signal " << other);
    CHECK(sigismember(&blocked[1], other) == 1);
  }
}

TEST_CASE("A forked child computes alone", "[threads]") {
  CHECK(counts(4, 2) == std::vector<int>(4, 1));  // this process has workers
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    bool right = true;
    for (int i = 0; i < 100; ++i) {
      right = right && counts(4, 3) == std::vector<int>(4, 1);
    }
    ::_exit(right ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
}
