#include "tensor/thread_pool.hpp"

#include <pthread.h>
#ifdef __linux__
#include <sched.h>
#endif

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <span>
#include <system_error>
#include <thread>
#include <vector>

namespace xtape::detail {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

/// The time for which an idle thread looks for work before it sleeps. It is longer than the pauses
/// of a training loop between parallel kernels.
constexpr microseconds worker_patience{100};
/// The time for which a caller looks for the end of the last chunks before it sleeps.
constexpr microseconds caller_patience{50};
/// A caller that waits longer than this, and longer than it computed itself, concludes that the
/// thread it waits for has lost its processor.
constexpr microseconds stall{50};
/// After a stall, a caller computes alone for this many times the length of the stall. So stalls
/// cost at most a twentieth of its time.
constexpr int pauses_per_stall = 20;

/// Calls ready() repeatedly, at most for as long as `patience`. Returns its last result.
template <class Ready>
bool spin(microseconds patience, const Ready& ready) {
  const Clock::time_point end = Clock::now() + patience;
  do {
    for (int i = 0; i < 16; ++i) {
      if (ready()) {
        return true;
      }
#if defined(__x86_64__) || defined(__i386__)
      __builtin_ia32_pause();
#endif
    }
  } while (Clock::now() < end);
  return false;
}

/// True while this thread computes a chunk.
thread_local bool within_chunk = false;

/// A thread that computes chunks of the jobs it is offered. It lives as long as the process.
class alignas(64) Worker {
 public:
  /// Starts the thread. Throws std::system_error if the system cannot create one.
  explicit Worker(std::size_t number) : number_(number) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);  // the program's own threads handle signals
    try {
      std::thread thread([this] { serve(); });
      thread_ = thread.native_handle();
      thread.detach();
    } catch (...) {
      pthread_sigmask(SIG_SETMASK, &before, nullptr);
      throw;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
#ifdef __linux__
    pthread_getaffinity_np(thread_, sizeof processors_, &processors_);
#endif
  }

  /// Offers a job to the worker. Returns false if the worker has another one.
  bool offer(Job& job) noexcept {
    Job* expected = nullptr;
    if (!job_.compare_exchange_strong(expected, &job)) {
      return false;
    }
    offers_.fetch_add(1);
    if (asleep_.load()) {
      keep_off_this_processor();
      offers_.notify_one();
    }
    return true;
  }

  /// Takes an offer back. Returns false if the worker has begun the job.
  bool withdraw(Job& job) noexcept {
    Job* expected = &job;
    return job_.compare_exchange_strong(expected, nullptr);
  }

  /// Returns the number of jobs that the worker has ended.
  std::uint32_t ended() const noexcept { return ended_.load(std::memory_order_acquire); }
  /// Sleeps until that number changes.
  void wait_while(std::uint32_t ended) const noexcept { ended_.wait(ended); }

 private:
  [[noreturn]] void serve() noexcept {
    within_chunk = true;
    for (;;) {
      wait_for_offer();
      Job* job = job_.load();
      if (job == nullptr || !job_.compare_exchange_strong(job, begun())) {
        continue;  // the offer was withdrawn
      }
      job->work(number_ + 1);
      job_.store(nullptr);
      ended_.fetch_add(1);
      ended_.notify_all();
    }
  }

  bool is_offered() const noexcept { return job_.load() != nullptr; }

  void wait_for_offer() noexcept {
    const std::uint32_t offers = offers_.load();
    if (!spin(worker_patience, [this] { return is_offered(); })) {
      asleep_ = true;
      offers_.wait(offers);
      asleep_ = false;
    }
  }

  /// Makes the worker wake on another processor than the caller's. Linux may wake it on the
  /// caller's although others are idle, above all in a virtual machine. There it waits for the
  /// caller, and then keeps it waiting.
  void keep_off_this_processor() noexcept {
#ifdef __linux__
    const int here = sched_getcpu();
    cpu_set_t others = processors_;
    if (here >= 0 && here < CPU_SETSIZE) {
      CPU_CLR(static_cast<std::size_t>(here), &others);
    }
    if (CPU_COUNT(&others) > 0) {
      pthread_setaffinity_np(thread_, sizeof others, &others);
    }
#endif
  }

  /// Returns a placeholder for a job that has begun.
  static Job* begun() noexcept {
    static Job none(0, nullptr, nullptr);
    return &none;
  }

  std::size_t number_;
  std::thread::native_handle_type thread_{};
#ifdef __linux__
  cpu_set_t processors_{};  // that it may use
#endif
  std::atomic<bool> asleep_ = false;
  std::atomic<Job*> job_{nullptr};  // offered, begun(), or null
  std::atomic<std::uint32_t> offers_{0};
  std::atomic<std::uint32_t> ended_{0};
};

/// All workers of the process, created on demand. They are never destroyed, because threads may
/// still use them while the process ends.
class Pool {
 public:
  static Pool& instance() {
    static Pool& pool = *new Pool;
    // Threads do not survive a fork, so a forked child computes alone.
    static const int registered = pthread_atfork(nullptr, nullptr, [] {
      pool.exhausted_ = true;
      pool.made_ = 0;
    });
    static_cast<void>(registered);
    return pool;
  }

  /// Returns the first `count` workers, or fewer if the system has no more threads.
  std::span<Worker* const> workers(std::size_t count) {
    if (made_ < count && !exhausted_) {
      make(count);
    }
    return std::span(workers_).first(std::min<std::size_t>(count, made_));
  }

 private:
  void make(std::size_t count) {
    const std::lock_guard lock(mutex_);
    try {
      while (made_ < count) {
        workers_[made_] = new Worker(made_);
        ++made_;
      }
    } catch (const std::exception&) {
      exhausted_ = true;  // the caller computes the work of threads that cannot start
    }
  }

  std::mutex mutex_;
  std::atomic<bool> exhausted_ = false;
  std::atomic<std::size_t> made_ = 0;
  std::array<Worker*, Job::max_chunks> workers_{};
};

/// The time until which this thread computes alone, because others kept it waiting.
thread_local Clock::time_point alone_until{};

/// A worker that may have begun the job.
struct Helper {
  Worker* worker;
  std::uint32_t ended;  // its value before the offer
};

}  // namespace

void Job::compute(std::size_t chunk) noexcept {
  try {
    call_(body_, chunk);
  } catch (...) {
    const std::lock_guard lock(error_mutex_);
    if (chunk < error_chunk_) {
      error_chunk_ = chunk;
      error_ = std::current_exception();
    }
  }
}

void Job::work(std::size_t first) noexcept {
  for (std::size_t i = 0; i < chunks_; ++i) {
    const std::size_t chunk = (first + i) % chunks_;
    if (claim(chunk)) {
      compute(chunk);
    }
  }
}

void run(Job& job, std::size_t threads) {
  if (threads <= 1 || within_chunk) {
    job.work(0);
    return;
  }
  const Clock::time_point start = Clock::now();
  if (start < alone_until) {
    job.work(0);
    return;
  }
  thread_local std::vector<Helper> helpers;
  helpers.clear();
  helpers.reserve(threads - 1);
  for (Worker* worker : Pool::instance().workers(threads - 1)) {
    const std::uint32_t ended = worker->ended();
    if (worker->offer(job)) {
      helpers.push_back({worker, ended});
    }
  }
  within_chunk = true;
  job.work(0);
  within_chunk = false;
  std::erase_if(helpers, [&](const Helper& helper) { return helper.worker->withdraw(job); });
  const auto done = [&] {
    return std::all_of(helpers.begin(), helpers.end(),
                       [](const Helper& helper) { return helper.worker->ended() != helper.ended; });
  };
  if (done()) {
    return;
  }
  const Clock::time_point waits = Clock::now();
  if (!spin(caller_patience, done)) {
    for (const Helper& helper : helpers) {
      helper.worker->wait_while(helper.ended);
    }
  }
  const Clock::time_point end = Clock::now();
  if (end - waits > std::max<Clock::duration>(stall, waits - start)) {
    alone_until = end + pauses_per_stall * (end - waits);
  }
}

}  // namespace xtape::detail
