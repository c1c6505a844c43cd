#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <limits>
#include <type_traits>
#include <utility>

#include "tensor/buffer.hpp"

namespace xtape {

class Arena;

namespace detail {

/// A Storage of at most this number of bytes takes its memory from the arena that it was given.
inline constexpr std::size_t small_bytes = 128;

/// Returns memory of the arena.
void* take_from(Arena& arena, std::size_t bytes);

}  // namespace detail

/// The elements of an array. A Storage keeps its memory when it shrinks. Unlike a std::vector, it
/// leaves new elements uninitialised, and loses all elements if it grows beyond its memory.
///
/// A Storage owns its memory, which is aligned to 64 bytes. But the first memory of a Storage that
/// was made with an arena comes from there, if it is small. Such memory stays where it is: a copy
/// of the Storage, or what is moved out of it, has memory of its own.
template <class T>
class Storage {
  static_assert(std::is_trivially_copyable_v<T>, "an array holds numbers");

 public:
  /// The member types that containers of the standard library have.
  ///@{
  using value_type = T;
  using allocator_type = Allocator<T>;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using reference = T&;
  using const_reference = const T&;
  using pointer = T*;
  using const_pointer = const T*;
  using iterator = T*;
  using const_iterator = const T*;
  using reverse_iterator = std::reverse_iterator<T*>;
  using const_reverse_iterator = std::reverse_iterator<const T*>;
  ///@}

  /// Makes an empty Storage.
  Storage() = default;

  /// Makes a Storage of `size` elements. Throws std::bad_alloc if there is not enough memory.
  ///@{
  explicit Storage(std::size_t size) { resize(size); }
  Storage(std::size_t size, const T& value) : Storage(size) {
    std::fill_n(elements(), size, value);
  }
  ///@}

  /// Makes an empty Storage whose first memory is from `arena`, if it is small. The memory must
  /// stay valid as long as the Storage.
  explicit Storage(Arena& arena) : place_(&arena), lent_(true) {}

  /// A copy has memory of its own. What is moved from is empty. Moving small memory of an arena
  /// copies it, and ends the program if there is no memory.
  ///@{
  Storage(const Storage& other) : Storage(other.size_) { copy(other); }
  Storage(Storage&& other) noexcept { take(other); }
  Storage& operator=(const Storage& other) {
    if (this != &other) {
      resize(other.size_);
      copy(other);
    }
    return *this;
  }
  Storage& operator=(Storage&& other) noexcept {
    if (this != &other) {
      take(other);
    }
    return *this;
  }
  ///@}
  ~Storage() { free(); }

  /// Exchanges the memory of both, also if it is from an arena. Trade back before an arena is gone.
  void trade(Storage& other) noexcept {
    std::swap(place_, other.place_);
    std::swap(size_, other.size_);
    const std::size_t capacity = capacity_, lent = lent_;
    set_capacity(other.capacity_);
    lent_ = other.lent_;
    other.set_capacity(capacity);
    other.lent_ = lent & 1;
  }

  /// Sets the number of elements. If it is above capacity(), the elements get new memory and are
  /// uninitialised. Throws std::bad_alloc, and changes nothing, if there is not enough memory.
  void resize(std::size_t size) {
    reserve(size);
    size_ = size;
  }

  /// Makes room for `size` elements. If that is above capacity(), all elements are lost. Throws
  /// std::bad_alloc, and changes nothing, if there is not enough memory.
  void reserve(std::size_t size) {
    if (size > capacity_) [[unlikely]] {
      grow(size);
    }
  }

  /// The elements, as in the containers of the standard library.
  ///@{
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  static constexpr std::size_t max_size() {
    return static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max()) / sizeof(T);
  }
  bool empty() const { return size_ == 0; }
  T* data() { return capacity_ == 0 ? nullptr : elements(); }
  const T* data() const { return capacity_ == 0 ? nullptr : elements(); }
  T& operator[](std::size_t i) { return elements()[i]; }
  const T& operator[](std::size_t i) const { return elements()[i]; }
  T& front() { return elements()[0]; }
  const T& front() const { return elements()[0]; }
  T& back() { return elements()[size_ - 1]; }
  const T& back() const { return elements()[size_ - 1]; }
  T* begin() { return data(); }
  const T* begin() const { return data(); }
  T* end() { return data() + size_; }
  const T* end() const { return data() + size_; }
  const T* cbegin() const { return begin(); }
  const T* cend() const { return end(); }
  reverse_iterator rbegin() { return reverse_iterator(end()); }
  const_reverse_iterator rbegin() const { return const_reverse_iterator(end()); }
  reverse_iterator rend() { return reverse_iterator(begin()); }
  const_reverse_iterator rend() const { return const_reverse_iterator(begin()); }
  const_reverse_iterator crbegin() const { return rbegin(); }
  const_reverse_iterator crend() const { return rend(); }
  friend bool operator==(const Storage& a, const Storage& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }
  ///@}

 private:
  void copy(const Storage& other) { std::copy_n(other.begin(), size_, begin()); }

  void take(Storage& other) {
    if (other.lent_) {
      resize(other.size_);
      copy(other);
      other.size_ = 0;
      return;
    }
    free();
    place_ = std::exchange(other.place_, nullptr);
    size_ = std::exchange(other.size_, 0);
    capacity_ = other.capacity_;
    other.capacity_ = 0;
    lent_ = false;
  }

  [[gnu::noinline]] void grow(std::size_t size) {
    constexpr std::size_t unit = std::max(sizeof(T), alignof(std::size_t)) / sizeof(T);
    if (lent_ && capacity_ == 0 && size <= detail::small_bytes / sizeof(T)) {
      const std::size_t rounded = (size + unit - 1) / unit * unit;
      place_ = detail::take_from(*static_cast<Arena*>(place_), rounded * sizeof(T));
      set_capacity(rounded);
      return;
    }
    T* const memory = allocator_type().allocate(size);
    free();
    place_ = memory;
    set_capacity(size);
    lent_ = false;
  }

  void set_capacity(std::size_t capacity) { capacity_ = capacity & (~std::size_t{0} >> 1); }

  void free() noexcept {
    if (!lent_ && capacity_ != 0) {
      allocator_type().deallocate(elements(), capacity_);
    }
  }

  T* elements() const { return static_cast<T*>(place_); }

  void* place_ = nullptr;  // the elements, or the arena if memory is to be lent and there is none
  std::size_t size_ = 0;
  std::size_t capacity_ : 63 = 0;
  std::size_t lent_ : 1 = 0;  // the memory is not its own
};

}  // namespace xtape
