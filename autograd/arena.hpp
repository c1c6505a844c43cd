#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <vector>

namespace xtape {

/// Memory that is handed out piece by piece, freed as a whole, and reused. Ops keep data other than
/// arrays in an arena: labels, row numbers, lists of inputs. After the largest recording of a tape,
/// its arena does not allocate again.
class Arena {
 public:
  /// Returns uninitialised memory for `count` objects, valid until clear(). Throws std::bad_alloc
  /// if there is not enough memory.
  template <class U>
  std::span<U> allocate(std::size_t count) {
    static_assert(std::is_trivially_copyable_v<U> && alignof(U) <= alignof(std::max_align_t));
    constexpr std::size_t size =
        sizeof(U);  // NOLINT(bugprone-sizeof-expression): U may be a pointer
    if (count > std::numeric_limits<std::size_t>::max() / 2 / size) [[unlikely]] {
      throw std::bad_array_new_length();
    }
    return {reinterpret_cast<U*>(take(count * size)), count};
  }

  /// Frees everything that was handed out, and keeps the memory.
  void clear() { block_ = used_ = 0; }

 private:
  static constexpr std::size_t block_bytes = 16384;

  struct Block {
    std::unique_ptr<std::byte[]> memory;
    std::size_t size;
  };

  std::byte* take(std::size_t bytes) {
    constexpr std::size_t unit = alignof(std::max_align_t);
    bytes = (bytes + unit - 1) / unit * unit;
    while (block_ < blocks_.size() && used_ + bytes > blocks_[block_].size) {
      ++block_;
      used_ = 0;
    }
    if (block_ == blocks_.size()) {
      const std::size_t size = std::max(bytes, block_bytes);
      blocks_.push_back({std::make_unique_for_overwrite<std::byte[]>(size), size});
    }
    std::byte* place = blocks_[block_].memory.get() + used_;
    used_ += bytes;
    return place;
  }

  std::vector<Block> blocks_;
  std::size_t block_ = 0, used_ = 0;
};

}  // namespace xtape
