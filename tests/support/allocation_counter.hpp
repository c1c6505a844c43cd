#pragma once

#include <cstddef>

/// Counts every allocation by operator new in the test program, which replaces it, and makes one
/// fail on demand.

/// False under the address and thread sanitizers, which replace operator new themselves and find
/// more with theirs.
bool counts_allocations();

/// How often operator new, of any form, has been called so far by any thread.
std::size_t allocation_count();

/// How much of what operator new has given out has not been deleted. 0 under those sanitizers.
std::size_t living_allocations();

/// While it lives, the allocation number `k` of this thread, counted from 1, fails with
/// std::bad_alloc, unless a sanitizer has replaced operator new.
class FailingAllocation {
 public:
  explicit FailingAllocation(std::size_t k);
  ~FailingAllocation();
  FailingAllocation(const FailingAllocation&) = delete;
  FailingAllocation& operator=(const FailingAllocation&) = delete;

  /// Whether there have been as many allocations, so that one has failed.
  bool failed() const;
};
