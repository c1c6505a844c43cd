#pragma once

#include <cstddef>

#include "tensor/parallel.hpp"

/// Makes kernels of this thread use `count` threads for the lifetime of the object.
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
