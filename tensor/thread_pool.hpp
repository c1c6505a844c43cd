#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>

/// @file
/// The thread pool behind parallel().

namespace xtape::detail {

/// Work in chunks. The first thread to claim a chunk computes it.
class Job {
 public:
  static constexpr std::size_t max_chunks = 1024;

  /// Creates a job that calls `call(body, chunk)` once for each chunk in [0, chunks). `chunks` is
  /// at most max_chunks.
  Job(std::size_t chunks, void (*call)(const void* body, std::size_t chunk), const void* body)
      : chunks_(chunks), call_(call), body_(body) {
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
      claimed_[chunk].store(false, std::memory_order_relaxed);
    }
  }

  /// Claims and computes chunks until none is left. It begins with chunk `first`, whose data are
  /// probably in the cache of this thread.
  void work(std::size_t first) noexcept;

  /// Rethrows the exception of the first chunk that threw.
  void rethrow() const {
    if (error_) {
      std::rethrow_exception(error_);
    }
  }

 private:
  bool claim(std::size_t chunk) noexcept {
    return !claimed_[chunk].load(std::memory_order_relaxed) &&
           !claimed_[chunk].exchange(true, std::memory_order_relaxed);
  }
  void compute(std::size_t chunk) noexcept;

  std::size_t chunks_;
  void (*call_)(const void*, std::size_t);
  const void* body_;
  std::mutex error_mutex_;
  std::size_t error_chunk_ = max_chunks;
  std::exception_ptr error_;
  std::atomic<bool> claimed_[max_chunks];
};

/// Computes the job on this thread and on at most `threads` - 1 workers that join in time.
void run(Job& job, std::size_t threads);

/// Calls `compute(chunk)` for each chunk in [0, chunks), on at most `threads` threads.
template <class Compute>
void run_chunks(std::size_t chunks, std::size_t threads, const Compute& compute) {
  Job job(
      chunks,
      [](const void* body, std::size_t chunk) { (*static_cast<const Compute*>(body))(chunk); },
      std::addressof(compute));
  run(job, std::min(chunks, threads));
  job.rethrow();
}

}  // namespace xtape::detail
