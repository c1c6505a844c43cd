#include "tests/support/allocation_counter.hpp"

#include <atomic>
#include <cstdlib>
#include <new>
#if __has_include(<malloc/malloc.h>)
#include <malloc/malloc.h>
#else
#include <malloc.h>
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define XTAPE_SANITIZED_NEW
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define XTAPE_SANITIZED_NEW
#endif
#endif

#ifdef XTAPE_SANITIZED_NEW

bool counts_allocations() { return false; }
std::size_t allocation_count() { return 0; }
std::size_t living_allocations() { return 0; }
std::size_t living_bytes() { return 0; }
std::size_t peak_bytes() { return 0; }
void restart_peak_bytes() {}
FailingAllocation::FailingAllocation(std::size_t) {}
FailingAllocation::~FailingAllocation() = default;
bool FailingAllocation::failed() const { return false; }

#else

namespace {

std::atomic<std::size_t> allocations{0}, deletions{0}, bytes{0}, most_bytes{0};
thread_local std::size_t until_failure = 0;  // 0: never

std::size_t size_of(void* memory) {
#if __has_include(<malloc/malloc.h>)
  return malloc_size(memory);
#else
  return malloc_usable_size(memory);
#endif
}

void add_bytes(std::size_t added) {
  const std::size_t now = bytes.fetch_add(added, std::memory_order_relaxed) + added;
  std::size_t most = most_bytes.load(std::memory_order_relaxed);
  while (most < now && !most_bytes.compare_exchange_weak(most, now, std::memory_order_relaxed)) {
  }
}

/// Returns memory for operator new. `allocate` takes it from the heap.
template <class Allocate>
void* counted(Allocate allocate) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  const bool fails = until_failure > 0 && --until_failure == 0;
  void* memory = fails ? nullptr : allocate();
  if (memory == nullptr) {
    deletions.fetch_add(1, std::memory_order_relaxed);  // so that a failure does not count
    throw std::bad_alloc();
  }
  add_bytes(size_of(memory));
  return memory;
}

void release(void* memory) {
  if (memory != nullptr) {
    deletions.fetch_add(1, std::memory_order_relaxed);
    bytes.fetch_sub(size_of(memory), std::memory_order_relaxed);
    std::free(memory);
  }
}

}  // namespace

bool counts_allocations() { return true; }
std::size_t allocation_count() { return allocations.load(std::memory_order_relaxed); }
std::size_t living_allocations() {
  return allocation_count() - deletions.load(std::memory_order_relaxed);
}

std::size_t living_bytes() { return bytes.load(std::memory_order_relaxed); }
std::size_t peak_bytes() { return most_bytes.load(std::memory_order_relaxed); }
void restart_peak_bytes() { most_bytes = living_bytes(); }

FailingAllocation::FailingAllocation(std::size_t k) { until_failure = k; }
FailingAllocation::~FailingAllocation() { until_failure = 0; }
bool FailingAllocation::failed() const { return until_failure == 0; }

// The standard library's array and nothrow forms call these.

void* operator new(std::size_t size) {
  return counted([=] { return std::malloc(size == 0 ? 1 : size); });
}

void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto unit = static_cast<std::size_t>(alignment);
  const std::size_t units = size / unit + (size % unit != 0 || size == 0 ? 1 : 0);
  return counted([=] { return std::aligned_alloc(unit, units * unit); });
}

void operator delete(void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }

#endif
