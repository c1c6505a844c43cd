#pragma once

#include <algorithm>
#include <cstddef>

#include "tensor/parallel.hpp"

/// @file
/// Work that is divided into one share per thread, each with memory of its own.

namespace xtape {

/// The division of [0, count) into ranges, one per thread, or a single one if there is little work.
/// The division depends only on `count`, `work` and thread_count(). No range is empty unless
/// `count` is 0.
///
/// Scratch memory belongs to a share and not to a thread. So a repeated training step does not
/// allocate, no matter which thread computes a share.
class Shares {
 public:
  /// Divides [0, count) for an amount of `work` as parallel() measures it.
  Shares(std::size_t count, std::size_t work) : count_(count) {
    const std::size_t threads = work < parallel_threshold ? 1 : thread_count();
    size_ = std::max<std::size_t>((count + threads - 1) / threads, 1);
    number_ = std::max<std::size_t>((count + size_ - 1) / size_, 1);
  }

  /// Returns the number of shares, at least 1.
  std::size_t number() const { return number_; }

  /// Returns the number of elements of the largest share.
  std::size_t size() const { return size_; }

  /// Calls `body(share, begin, end)` for each share, in parallel.
  template <class Body>
  void each(const Body& body) const {
    const std::size_t work = number_ > 1 ? parallel_threshold : 0;
    parallel(number_, 1, work, [&](std::size_t share, std::size_t last) {
      for (; share < last; ++share) {
        body(share, std::min(count_, share * size_), std::min(count_, (share + 1) * size_));
      }
    });
  }

 private:
  std::size_t count_, size_, number_;
};

/// Adds the sums of all other shares to the sums of the first share: sums[i] += others[share * size
/// + i] for `count` - 1 other shares, in order.
template <class T>
void add_shares(std::size_t count, std::size_t size, const T* others, T* sums) {
  parallel(size, 16, size * count, [=](std::size_t begin, std::size_t end) {
    for (std::size_t share = 0; share + 1 < count; ++share) {
      const T* addend = others + share * size;
#pragma omp simd
      for (std::size_t i = begin; i < end; ++i) {
        sums[i] += addend[i];
      }
    }
  });
}

/// The tag of the memory that convolutions by Winograd, oneDNN and im2col reuse. See
/// scratch_elements(). A thread runs one of them at a time, so they share the memory.
struct ConvolutionMemory;

}  // namespace xtape
