#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <type_traits>
#include <utility>

#include "tensor/dual_pointer.hpp"
#include "tensor/storage.hpp"

/// @file
/// The elements of an array of Dual numbers.

namespace xtape {

/// The elements of an array of Dual numbers: the values follow each other, and so do the tangents.
/// Code that knows only floats reads and writes one part after the other.
///
/// A Storage may know that all its tangents are 0. See is_constant(). A product with them can then
/// be left out. Everything that may write an element ends that.
///
/// A Storage may read elements of others where they are. See borrow(). Everything that may write an
/// element gives it memory of its own first.
///
/// If F is a Dual itself, both blocks are such Storages, and so on.
template <class F>
class Storage<Dual<F>> {
 public:
  /// The member types that containers of the standard library have.
  ///@{
  using value_type = Dual<F>;
  using allocator_type = Allocator<value_type>;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using reference = DualReference<F>;
  using const_reference = value_type;
  using pointer = DualPointer<F>;
  using const_pointer = DualPointer<const F>;
  using iterator = pointer;
  using const_iterator = const_pointer;
  using reverse_iterator = std::reverse_iterator<iterator>;
  using const_reverse_iterator = std::reverse_iterator<const_iterator>;
  ///@}

  /// Makes an empty Storage.
  Storage() = default;

  /// Makes a Storage of `size` elements. Throws std::bad_alloc if there is not enough memory.
  ///@{
  explicit Storage(std::size_t size) { resize(size); }
  Storage(std::size_t size, const value_type& value) : Storage(size) {
    std::fill_n(begin(), size, value);
  }
  ///@}

  /// Makes an empty Storage whose first memory is from `arena`, if it is small.
  explicit Storage(Arena& arena) : values_(arena), tangents_(arena) {}

  /// A copy has memory of its own. What is moved from is empty.
  ///@{
  Storage(const Storage& other) : Storage() { *this = other; }
  Storage(Storage&& other) noexcept
      : values_(std::move(other.values_)),
        tangents_(std::move(other.tangents_)),
        zeros_(std::exchange(other.zeros_, 0)),
        lent_(std::exchange(other.lent_, {})) {}
  Storage& operator=(const Storage& other) {
    if (this != &other) {
      resize(other.size());
      if constexpr (is_dual<F>) {
        values_ = other.values_;
        tangents_ = other.tangents_;
      } else {
        std::copy_n(other.values(), size(), values_.data());
        std::copy_n(other.tangents(), size(), tangents_.data());
      }
      zeros_ = other.is_constant() ? size() : 0;
    }
    return *this;
  }
  Storage& operator=(Storage&& other) noexcept {
    values_ = std::move(other.values_);
    tangents_ = std::move(other.tangents_);
    zeros_ = std::exchange(other.zeros_, 0);
    lent_ = std::exchange(other.lent_, {});
    return *this;
  }
  ///@}
  ~Storage() = default;

  /// Exchanges the memory of both, also if it is from an arena.
  void trade(Storage& other) noexcept {
    values_.trade(other.values_);
    tangents_.trade(other.tangents_);
    std::swap(zeros_, other.zeros_);
    std::swap(lent_, other.lent_);
  }

  /// Reads `size` elements where they are, from now on. The tangents are 0 if `tangents` is null.
  /// The memory must stay valid until the Storage is resized, written to, or gone. Throws
  /// std::bad_alloc, and changes nothing, if there is not enough memory for tangents of 0.
  ///@{
  void borrow(const F* values, const F* tangents, std::size_t size) requires(!is_dual<F>) {
    if (tangents == nullptr) {
      zeros_ = size > tangents_.capacity() ? 0 : zeros_;
      tangents_.resize(size);
      clear_from(zeros_);
    }
    lent_ = {values, tangents, size, true};
  }
  /// The tangents are those along the inner and along the outer direction. Second derivatives of
  /// the elements are 0.
  void borrow(const Real<F>* values, const Real<F>* inner, const Real<F>* outer,
              std::size_t size) requires is_dual<F> {
    values_.borrow(values, inner, size);
    if (outer == nullptr) {
      zeros_ = size > tangents_.capacity() ? 0 : zeros_;
      tangents_.resize(size);
      clear_from(zeros_);
    } else {
      tangents_.borrow(outer, nullptr, size);
      zeros_ = 0;
    }
  }
  ///@}

  /// Exchanges the memory of the values for other memory. A kernel for arrays of F can then compute
  /// them. Trade back before anything else is done with the Storage.
  void trade_values(Storage<F>& other) {
    own();
    values_.trade(other);
  }

  /// Sets the number of elements. If it is above capacity(), or if the elements are borrowed, they
  /// get new memory and are uninitialised. Throws std::bad_alloc if there is not enough memory. The
  /// size is then the same, or 0 if the elements were borrowed.
  void resize(std::size_t size) {
    if (lent_.any) {
      lent_ = {};
      values_.resize(0);
    }
    reserve(size);
    values_.resize(size);
    tangents_.resize(size);
  }

  /// Makes room for `size` elements. If that is above capacity(), all elements are lost. Throws
  /// std::bad_alloc, and keeps the size, if there is not enough memory.
  void reserve(std::size_t size) {
    own();
    zeros_ = size > tangents_.capacity() ? 0 : zeros_;
    tangents_.reserve(size);
    values_.reserve(size);
  }

  /// The values and the tangents of all elements.
  ///@{
  NumberPointer<F> values() {
    own();
    return values_.data();
  }
  NumberPointer<const F> values() const {
    if constexpr (is_dual<F>) {
      return values_.data();
    } else {
      return lent_.any ? lent_.values : values_.data();
    }
  }
  NumberPointer<F> tangents() {
    own();
    zeros_ = 0;
    return tangents_.data();
  }
  NumberPointer<const F> tangents() const {
    if constexpr (is_dual<F>) {
      return tangents_.data();
    } else {
      return lent_.tangents ? lent_.tangents : tangents_.data();
    }
  }
  ///@}

  /// Copies all values from `numbers`. The tangents become 0.
  ///@{
  void set_values(NumberPointer<const F> numbers) {
    std::copy_n(numbers, size(), values());
    clear_from(zeros_);
  }
  void set_values(const Real<F>* numbers) requires is_dual<F> {
    values_.set_values(numbers);
    clear_from(zeros_);
  }
  ///@}

  /// Makes all tangents 0. Writes nothing if they are known to be 0.
  void drop_tangents() {
    if constexpr (is_dual<F>) {
      values_.drop_tangents();
    } else if (lent_.tangents != nullptr) {
      borrow(lent_.values, nullptr, lent_.size);
    }
    clear_from(zeros_);
  }

  /// True if it is known that all tangents are 0.
  bool is_constant() const { return lent_.tangents == nullptr && zeros_ >= size(); }

  /// The elements, as in the containers of the standard library.
  ///@{
  std::size_t size() const { return lent_.any ? lent_.size : values_.size(); }
  std::size_t capacity() const { return std::min(values_.capacity(), tangents_.capacity()); }
  static constexpr std::size_t max_size() { return Storage<F>::max_size() / 2; }
  bool empty() const { return size() == 0; }
  pointer data() {
    own();
    zeros_ = 0;
    return {values_.data(), tangents_.data()};
  }
  const_pointer data() const { return {values(), tangents(), is_constant()}; }
  reference operator[](std::size_t i) { return data()[i]; }
  const_reference operator[](std::size_t i) const { return data()[i]; }
  reference front() { return *data(); }
  const_reference front() const { return *data(); }
  reference back() { return data()[size() - 1]; }
  const_reference back() const { return data()[size() - 1]; }
  iterator begin() { return data(); }
  const_iterator begin() const { return data(); }
  iterator end() { return data() + size(); }
  const_iterator end() const { return data() + size(); }
  const_iterator cbegin() const { return begin(); }
  const_iterator cend() const { return end(); }
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
  /// Elements in memory of others. Nested storages lend each on its own.
  struct Lent {
    const Real<F>* values = nullptr;
    const Real<F>* tangents = nullptr;  // null: tangents_ has them
    std::size_t size = 0;
    bool any = false;
  };

  /// Copies the elements that are in memory of others.
  void own() {
    if (lent_.any) [[unlikely]] {
      *this = Storage(*this);
    }
  }

  void clear_from(std::size_t first) {
    if (first < tangents_.size()) {
      if constexpr (is_dual<F>) {
        std::fill(tangents_.values() + first, tangents_.values() + tangents_.size(), Real<F>(0));
        tangents_.drop_tangents();
      } else {
        std::fill(tangents_.begin() + first, tangents_.end(), F(0));
      }
      zeros_ = tangents_.size();
    }
  }

  Storage<F> values_, tangents_;
  std::size_t zeros_ = 0;  // this many tangents, from the first, are known to be 0
  Lent lent_;
};

}  // namespace xtape
