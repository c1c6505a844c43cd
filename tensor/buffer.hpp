#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace xtape {

/// The bytes from which on memory lies in huge pages, if the system has them. The system clears a
/// huge page as a whole when the first of its memory is used.
inline constexpr std::size_t least_in_huge_pages = std::size_t{1} << 16;

/// Allocates `bytes` bytes, aligned to at least 64 bytes. That is the size of a cache line, and of
/// the widest vector register in use. Throws std::bad_alloc if there is no memory.
void* allocate_aligned(std::size_t bytes);

/// Frees memory from allocate_aligned(). `bytes` must be the number that was allocated.
void deallocate_aligned(void* memory, std::size_t bytes) noexcept;

/// The allocator of every array. Memory is aligned to 64 bytes, for any compiler flags of the
/// including file. Numbers without a value stay uninitialised, because a kernel writes all of them.
template <class T>
struct Allocator {
  using value_type = T;  ///< The type of the elements.

  /// Allocators have no state. They convert to other element types, and all are equal.
  ///@{
  Allocator() = default;
  template <class U>
  Allocator(const Allocator<U>&) noexcept {}
  friend bool operator==(const Allocator&, const Allocator&) { return true; }
  ///@}

  /// Returns memory for `count` elements. Throws std::bad_alloc if there is not enough.
  T* allocate(std::size_t count) {
    if (count > static_cast<std::size_t>(-1) / sizeof(T)) {
      throw std::bad_array_new_length();
    }
    return static_cast<T*>(allocate_aligned(count * sizeof(T)));
  }

  /// Frees memory from allocate(). `count` must be the number that was allocated.
  void deallocate(T* memory, std::size_t count) noexcept {
    deallocate_aligned(memory, count * sizeof(T));
  }

  /// Constructs an element from the arguments. Without arguments, a number stays uninitialised.
  template <class U, class... Args>
  void construct(U* place, Args&&... args) {
    if constexpr (sizeof...(Args) == 0) {
      ::new (static_cast<void*>(place)) U;
    } else {
      ::new (static_cast<void*>(place)) U(std::forward<Args>(args)...);
    }
  }
};

/// A block of contiguous numbers. A Buffer keeps its memory when it shrinks, so a short last batch
/// costs no allocation.
template <class T>
using Buffer = std::vector<T, Allocator<T>>;

}  // namespace xtape
