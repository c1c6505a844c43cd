#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace xtape {

/// Returns `bytes` bytes aligned to at least 64, a cache line and the widest vector register in
/// use. Throws std::bad_alloc when there is no memory.
void* allocate_aligned(std::size_t bytes);

/// Gives back what allocate_aligned returned for as many bytes.
void deallocate_aligned(void* memory, std::size_t bytes) noexcept;

/// The allocator of every array: 64-byte aligned whatever the compiler flags of the file that
/// includes it, and leaving numbers uninitialised when no value is given, since a kernel is about
/// to write them all.
template <class T>
struct Allocator {
  using value_type = T;  ///< The type of the elements, which containers ask for.

  /// Allocators hold nothing: one for elements of another type is as good, and all are equal.
  ///@{
  Allocator() = default;
  template <class U>
  Allocator(const Allocator<U>&) noexcept {}
  friend bool operator==(const Allocator&, const Allocator&) { return true; }
  ///@}

  /// Room for `count` elements. Throws std::bad_alloc when there is no memory for them.
  T* allocate(std::size_t count) {
    if (count > static_cast<std::size_t>(-1) / sizeof(T)) {
      throw std::bad_array_new_length();
    }
    return static_cast<T*>(allocate_aligned(count * sizeof(T)));
  }

  /// Gives back what allocate() returned for as many elements.
  void deallocate(T* memory, std::size_t count) noexcept {
    deallocate_aligned(memory, count * sizeof(T));
  }

  /// Makes an element from the arguments; without any it holds whatever its memory held.
  template <class U, class... Args>
  void construct(U* place, Args&&... args) {
    if constexpr (sizeof...(Args) == 0) {
      ::new (static_cast<void*>(place)) U;
    } else {
      ::new (static_cast<void*>(place)) U(std::forward<Args>(args)...);
    }
  }
};

/// Contiguous numbers that keep their memory when they shrink, so that a short last batch costs no
/// allocation.
template <class T>
using Buffer = std::vector<T, Allocator<T>>;

}  // namespace xtape
