#pragma once

#include <cstddef>

#include "tensor/parallel.hpp"

/// While it lives, kernels that this thread calls use `count` threads: one in a build without
/// OpenMP.
class Threads {
 public:
  explicit Threads(std::size_t count) : before_(xtape::thread_count()) {
    xtape::set_thread_count(count);
  }
  ~Threads() { xtape::set_thread_count(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  std::size_t before_;
};
