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

#include "tensor/kernels/signals.hpp"
#include "tensor/processors.hpp"

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
/// After a stall, a caller computes alone for a multiple of the length of the stall. The multiple
/// doubles from stall to stall, up to the greatest. So a processor that stays busy costs at most a
/// thirtieth of the time, and a short disturbance takes the second thread away for a short time.
constexpr int least_pause = 2, greatest_pause = 32;
/// Longer stalls count as this one. They are those of a process that was stopped.
constexpr microseconds greatest_stall{50'000};

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
    const sigset_t others = without_faults(all);
    pthread_sigmask(SIG_SETMASK, &others, &before);  // the program's own threads handle signals
    try {
      std::thread thread([this] { serve(); });
      thread_ = thread.native_handle();
      thread.detach();
    } catch (...) {
      pthread_sigmask(SIG_SETMASK, &before, nullptr);
      throw;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  /// Offers a job to the worker. Returns false if the worker has another offer.
  bool offer(Job& job) noexcept {
    Job* expected = nullptr;
    if (!offered_.compare_exchange_strong(expected, &job)) {
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
    return offered_.compare_exchange_strong(expected, nullptr);
  }

  /// Returns true until the worker has ended a job that it has begun.
  bool computes(const Job& job) const noexcept { return computed_.load() == &job; }
  /// Sleeps until the worker has ended a job that it has begun.
  void wait_for(Job& job) const noexcept { computed_.wait(&job); }

 private:
  [[noreturn]] void serve() noexcept {
    within_chunk = true;
    for (;;) {
      wait_for_offer();
      Job* job = offered_.load();
      if (job == nullptr) {
        continue;  // the offer was withdrawn
      }
      computed_.store(job);  // before it takes the offer: a caller that cannot withdraw looks here
      if (offered_.compare_exchange_strong(job, nullptr)) {
        job->work(number_ + 1);
      }
      computed_.store(nullptr);
      computed_.notify_all();
    }
  }

  bool is_offered() const noexcept { return offered_.load() != nullptr; }

  void wait_for_offer() noexcept {
    const std::uint32_t offers = offers_.load();
    if (!spin(worker_patience, [this] { return is_offered(); })) {
      asleep_ = true;
      offers_.wait(offers);
      asleep_ = false;
    }
  }

  /// Makes the worker wake on another processor than the caller's, of those that the caller may
  /// use. Linux may wake it on the caller's although others are idle, above all in a virtual
  /// machine. There it waits for the caller, and then keeps it waiting.
  void keep_off_this_processor() const noexcept {
#ifdef __linux__
    cpu_set_t others;
    const int here = sched_getcpu();
    if (here < 0 || here >= CPU_SETSIZE || !detail::usable_set(others)) {
      return;
    }
    CPU_CLR(static_cast<std::size_t>(here), &others);
    if (CPU_COUNT(&others) > 0) {
      pthread_setaffinity_np(thread_, sizeof others, &others);
    }
#endif
  }

  std::size_t number_;
  std::thread::native_handle_type thread_{};
  std::atomic<bool> asleep_ = false;
  std::atomic<std::uint32_t> offers_{0};
  std::atomic<Job*> offered_{nullptr};
  std::atomic<Job*> computed_{nullptr};
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

/// Makes the pool before there are threads. If a process forked while another thread made it, the
/// child would not know of the fork, and would wait for workers that it does not have.
[[maybe_unused]] const Pool& made_at_start = Pool::instance();

/// The times that a thread computes alone, because others kept it waiting.
class Pauses {
 public:
  /// Returns true while the thread computes alone.
  bool alone(Clock::time_point now) const noexcept { return now < until_; }

  /// Begins a pause after a stall. A stall that comes sooner after the last pause than that pause
  /// was long doubles the multiple.
  void add(Clock::duration waited, Clock::time_point now) noexcept {
    multiple_ = now - until_ < length_ ? std::min(2 * multiple_, greatest_pause) : least_pause;
    length_ = multiple_ * std::min<Clock::duration>(waited, greatest_stall);
    until_ = now + length_;
  }

 private:
  Clock::time_point until_{};
  Clock::duration length_{};
  int multiple_ = least_pause;
};

thread_local Pauses pauses;

/// Computes chunks on the calling thread. Calls of run() from within them start no threads.
void work_within(Job& job) {
  within_chunk = true;
  job.work(0);
  within_chunk = false;
}

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
  if (pauses.alone(start)) {
    work_within(job);
    return;
  }
  std::array<Worker*, Job::max_chunks> helpers;
  auto last = helpers.begin();
  for (Worker* worker : Pool::instance().workers(threads - 1)) {
    if (worker->offer(job)) {
      *last++ = worker;
    }
  }
  work_within(job);
  last =
      std::remove_if(helpers.begin(), last, [&](Worker* helper) { return helper->withdraw(job); });
  const auto done = [&] {
    return std::none_of(helpers.begin(), last,
                        [&](const Worker* helper) { return helper->computes(job); });
  };
  if (done()) {
    return;
  }
  const Clock::time_point waits = Clock::now();
  if (!spin(caller_patience, done)) {
    std::for_each(helpers.begin(), last, [&](const Worker* helper) { helper->wait_for(job); });
  }
  const Clock::time_point end = Clock::now();
  if (end - waits > std::max<Clock::duration>(stall, waits - start)) {
    pauses.add(end - waits, end);
  }
}

}  // namespace xtape::detail
