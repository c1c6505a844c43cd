#pragma once

#include <cstddef>

#include "tensor/parallel.hpp"

#if defined(__SANITIZE_THREAD__)
#define XTAPE_THREAD_SANITIZER
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define XTAPE_THREAD_SANITIZER
#endif
#endif

/// While it lives, kernels that this thread calls use `count` threads: one in a build without
/// OpenMP, and under the thread sanitizer, which cannot see OpenMP's barriers.
class Threads {
 public:
  explicit Threads([[maybe_unused]] std::size_t count) : before_(xtape::thread_count()) {
#ifndef XTAPE_THREAD_SANITIZER
    xtape::set_thread_count(count);
#endif
  }
  ~Threads() { xtape::set_thread_count(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  std::size_t before_;
};
