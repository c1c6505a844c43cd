#pragma once

#include <cstddef>

/// Counts every allocation by operator new in the test program, and makes one fail on demand. It
/// replaces operator new.

/// False under the address and thread sanitizers, which replace operator new themselves and find
/// more errors.
bool counts_allocations();

/// Ends the test case as skipped if allocations are not counted.
#define COUNTING_OR_SKIP()                                                      \
  if (!counts_allocations()) {                                                  \
    XTAPE_SKIP("SKIPPED: a sanitizer has replaced operator new in this build"); \
  }

/// Returns the number of calls of operator new, of any form, by all threads.
std::size_t allocation_count();

/// Returns the number of allocations that have not been deleted. 0 under those sanitizers.
std::size_t living_allocations();

/// Returns the memory in use in bytes, and the most that was in use since restart_peak_bytes(), as
/// the heap rounds it up. Arrays of 64 KiB to 2 MiB share pages (tensor/buffer.cpp), of which only
/// the first array counts. 0 under those sanitizers.
///@{
std::size_t living_bytes();
std::size_t peak_bytes();
///@}

/// Makes peak_bytes() begin anew.
void restart_peak_bytes();

/// Makes allocation number `k` of this thread, counted from 1, fail with std::bad_alloc, for the
/// lifetime of the object. Has no effect if a sanitizer has replaced operator new.
class FailingAllocation {
 public:
  explicit FailingAllocation(std::size_t k);
  ~FailingAllocation();
  FailingAllocation(const FailingAllocation&) = delete;
  FailingAllocation& operator=(const FailingAllocation&) = delete;

  /// True if there have been `k` allocations, so that one has failed.
  bool failed() const;
};
