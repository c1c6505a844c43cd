#include "tensor/arena.hpp"

#include <algorithm>

#ifdef __has_feature
#define XTAPE_HAS_FEATURE(feature) __has_feature(feature)
#else
#define XTAPE_HAS_FEATURE(feature) 0
#endif

// The address sanitizer finds an access beyond the end of what was handed out. Numbers in memory
// that nothing was written to are NaN.
#if defined(__SANITIZE_ADDRESS__) || XTAPE_HAS_FEATURE(address_sanitizer)
#include <sanitizer/asan_interface.h>
#include <cstring>
#define XTAPE_FORBID(memory, bytes) __asan_poison_memory_region(memory, bytes)
#define XTAPE_ALLOW(memory, bytes) \
  (__asan_unpoison_memory_region(memory, bytes), std::memset(memory, 0xff, bytes))
#define XTAPE_FORBIDDEN_GAP 16
#else
#define XTAPE_FORBID(memory, bytes)
#define XTAPE_ALLOW(memory, bytes)
#define XTAPE_FORBIDDEN_GAP 0
#endif
#undef XTAPE_HAS_FEATURE

namespace xtape {

void* detail::take_from(Arena& arena, std::size_t bytes) {
  return arena.take(bytes, alignof(std::size_t));
}

/// Takes memory from the next block. Under the address sanitizer, also from the current one.
void* Arena::take_elsewhere(std::size_t bytes, std::size_t mask) {
  std::size_t place = (used_ + mask) & ~mask;
  if (block_ == nullptr || place + bytes > blocks_[next_ - 1].size()) {
    begin_block(bytes);
    place = 0;
  }
  XTAPE_ALLOW(block_ + place, bytes);
  used_ = place + bytes + XTAPE_FORBIDDEN_GAP;
  size_ = XTAPE_FORBIDDEN_GAP > 0 ? 0 : blocks_[next_ - 1].size();
  return block_ + place;
}

/// Goes on to the next block that has `bytes` bytes. New blocks double the memory, up to the size
/// of a huge page. As long as the arena is small, none lies in huge pages: clearing one takes
/// longer than a small recording.
void Arena::begin_block(std::size_t bytes) {
  constexpr std::size_t least = std::size_t{1} << 14, most = std::size_t{1} << 21;
  constexpr std::size_t small = std::size_t{1} << 19;
  std::size_t next = next_;
  while (next < blocks_.size() && blocks_[next].size() < bytes) {
    ++next;
  }
  if (next == blocks_.size()) {
    const std::size_t limit = capacity_ < small ? least_in_huge_pages - 1 : most;
    const std::size_t size = std::max(bytes, std::clamp(capacity_, least, limit));
    blocks_.emplace_back(size);
    capacity_ += size;
    XTAPE_FORBID(blocks_.back().data(), size);
  }
  block_ = blocks_[next].data();
  next_ = next + 1;
}

void Arena::release() {
  clear();
  blocks_ = decltype(blocks_)();
  capacity_ = 0;
}

void Arena::clear() {
  for ([[maybe_unused]] const Storage<std::byte>& block : blocks_) {
    XTAPE_FORBID(block.data(), block.size());
  }
  next_ = used_ = size_ = 0;
  block_ = nullptr;
}

}  // namespace xtape
