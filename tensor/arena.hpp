#pragma once

#include <cstddef>
#include <limits>
#include <new>
#include <span>
#include <type_traits>
#include <vector>

#include "tensor/storage.hpp"

namespace xtape {

/// Memory that is handed out piece by piece, freed as a whole, and reused. A tape has its nodes in
/// one arena, with the elements of small arrays beside them. Another arena has the operands and the
/// closures of ops, and other data such as labels. If a recording repeats, its arenas do not
/// allocate again.
class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Returns uninitialised memory for `count` objects, valid until clear(). Throws std::bad_alloc
  /// if there is not enough memory.
  template <class U>
  std::span<U> allocate(std::size_t count) {
    static_assert(std::is_trivially_copyable_v<U>);
    constexpr std::size_t size =
        sizeof(U);  // NOLINT(bugprone-sizeof-expression): U may be a pointer
    if (count > std::numeric_limits<std::size_t>::max() / 2 / size) [[unlikely]] {
      throw std::bad_array_new_length();
    }
    return {static_cast<U*>(take(count * size, alignof(U))), count};
  }

  /// Returns `bytes` bytes of such memory. The alignment is at most that of std::max_align_t.
  void* take(std::size_t bytes, std::size_t alignment) {
    const std::size_t mask = (alignment < alignof(void*) ? alignof(void*) : alignment) - 1;
    const std::size_t place = (used_ + mask) & ~mask;
    if (place + bytes > size_) [[unlikely]] {
      return take_elsewhere(bytes, mask);
    }
    used_ = place + bytes;
    return block_ + place;
  }

  /// Frees everything that was handed out, and keeps the memory.
  void clear();

  /// Frees everything that was handed out, and the memory.
  void release();

  /// Returns the number of bytes that the arena has from the system.
  std::size_t capacity() const { return capacity_; }

 private:
  void* take_elsewhere(std::size_t bytes, std::size_t mask);
  void begin_block(std::size_t bytes);

  std::vector<Storage<std::byte>> blocks_;
  std::size_t next_ = 0;        // the number of the block behind the current one
  std::byte* block_ = nullptr;  // the current one
  std::size_t used_ = 0;        // bytes of the current block
  std::size_t size_ = 0;        // of the current block. 0 under the address sanitizer
  std::size_t capacity_ = 0;
};

}  // namespace xtape
