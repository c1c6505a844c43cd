#include "tensor/buffer.hpp"

#include <pthread.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <mutex>

#ifdef __linux__
#include <sys/mman.h>
#endif

#ifdef __has_feature
#define XTAPE_HAS_FEATURE(feature) __has_feature(feature)
#else
#define XTAPE_HAS_FEATURE(feature) 0
#endif

namespace xtape {
namespace {

/// The address sanitizer detects the end of an array only if the array has its own memory.
#if defined(__SANITIZE_ADDRESS__) || XTAPE_HAS_FEATURE(address_sanitizer)
constexpr bool address_sanitizer = true;
#else
constexpr bool address_sanitizer = false;
#endif
#undef XTAPE_HAS_FEATURE

constexpr std::size_t cache_line = 64;
constexpr std::size_t huge_page = std::size_t{1} << 21;

void* allocate_huge(std::size_t bytes) {
  void* memory = ::operator new (bytes, std::align_val_t{huge_page});
#ifdef __linux__
  madvise(memory, bytes / huge_page * huge_page, MADV_HUGEPAGE);  // only a hint
#endif
  return memory;
}

void deallocate_huge(void* memory) noexcept {
  ::operator delete (memory, std::align_val_t{huge_page});
}

/// Arrays that share huge pages. Each array takes neighbouring slots of a page.
///
/// Otherwise the kernel gives memory in pages of 4 KiB that may lie anywhere. If they are
/// scattered, a training step of 784-128-10 takes a third longer.
class SharedPages {
 public:
  static SharedPages& instance() {
    static SharedPages& pages = *new SharedPages;  // arrays may outlive other static objects
    // A forked child has a copy of the mutex, but not the thread that may hold it.
    static const int registered = pthread_atfork(
        [] { pages.mutex_.lock(); }, [] { pages.mutex_.unlock(); }, [] { pages.mutex_.unlock(); });
    static_cast<void>(registered);
    return pages;
  }

  void* allocate(std::size_t bytes) {
    const std::size_t count = slots(bytes);
    const std::lock_guard lock(mutex_);
    for (auto& [page, used] : pages_) {
      for (std::size_t first = 0; first + count <= slots_per_page; ++first) {
        if ((used & mask(first, count)) == 0) {
          used |= mask(first, count);
          return static_cast<std::byte*>(page) + first * slot;
        }
      }
    }
    const auto made = pages_.emplace(nullptr, mask(0, count)).first;  // may throw
    auto node = pages_.extract(made);
    node.key() = allocate_huge(huge_page);
    return pages_.insert(std::move(node)).position->first;
  }

  void deallocate(void* memory, std::size_t bytes) noexcept {
    const std::lock_guard lock(mutex_);
    const auto page = std::prev(pages_.upper_bound(memory));
    const auto offset = static_cast<std::byte*>(memory) - static_cast<std::byte*>(page->first);
    page->second &= ~mask(static_cast<std::size_t>(offset) / slot, slots(bytes));
    if (page->second == 0 && has_other_free_page(page->first)) {
      deallocate_huge(page->first);
      pages_.erase(page);
    }
  }

 private:
  static constexpr std::size_t slot = std::size_t{1} << 16;
  static constexpr std::size_t slots_per_page = huge_page / slot;

  static std::size_t slots(std::size_t bytes) { return (bytes + slot - 1) / slot; }
  static std::uint64_t mask(std::size_t first, std::size_t count) {
    return ((std::uint64_t{1} << count) - 1) << first;
  }

  /// One free page is kept, so that an array that comes and goes does not cost a page each time.
  bool has_other_free_page(const void* page) const {
    return std::any_of(pages_.begin(), pages_.end(), [page](const auto& other) {
      return other.first != page && other.second == 0;
    });
  }

  std::mutex mutex_;
  std::map<void*, std::uint64_t> pages_;  // with a bit for each slot that is taken
};

/// Makes the object before there are threads. A process that forks while another thread makes it
/// would have a child that waits for that thread for ever.
[[maybe_unused]] const SharedPages& made_at_start = SharedPages::instance();

/// True if an array of this size shares huge pages. Smaller ones use the system's allocator.
bool shares_pages(std::size_t bytes) {
  return !address_sanitizer && bytes >= least_in_huge_pages && bytes <= huge_page;
}

}  // namespace

void* allocate_aligned(std::size_t bytes) {
  if (shares_pages(bytes)) {
    return SharedPages::instance().allocate(bytes);
  }
  return bytes > huge_page ? allocate_huge(bytes)
                           : ::operator new (bytes, std::align_val_t{cache_line});
}

void deallocate_aligned(void* memory, std::size_t bytes) noexcept {
  if (shares_pages(bytes)) {
    SharedPages::instance().deallocate(memory, bytes);
  } else if (bytes > huge_page) {
    deallocate_huge(memory);
  } else {
    ::operator delete (memory, std::align_val_t{cache_line});
  }
}

}  // namespace xtape
