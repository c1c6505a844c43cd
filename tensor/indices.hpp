#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <ranges>
#include <span>
#include <string>
#include <type_traits>

namespace xtape {

/// A view of any contiguous range of integers: labels as bytes, rows as std::vector<int>, an
/// `xt::xarray<int>` of any shape, or {3, 1, 4}. Like std::span, an Indices refers to the caller's
/// range.
class Indices {
 public:
  /// Refers to the integers of `range`, which must outlive this object. A list in braces lives
  /// until the end of the full expression, which is long enough for an argument.
  ///@{
  template <std::ranges::contiguous_range R>
  requires std::integral<std::ranges::range_value_t<R>> &&
      (!std::same_as<std::remove_cvref_t<R>, Indices>)Indices(const R& range)
      : data_(std::ranges::data(range)),
        size_(std::ranges::size(range)),
        read_(&read<std::ranges::range_value_t<R>>),
        is_signed_(std::is_signed_v<std::ranges::range_value_t<R>>) {
    if constexpr (requires { std::span<const std::size_t>(range.shape()); }) {
      extents_ = range.shape();
    }
  }

  template <std::integral I>
  Indices(std::initializer_list<I> list)
      : data_(list.begin()), size_(list.size()), read_(&read<I>), is_signed_(std::is_signed_v<I>) {}
  ///@}

  /// Returns a view of rows of a table with `width` integers in each row. The integers of row
  /// `rows[0]` come first. The table and `rows` must outlive the view.
  template <std::integral I>
  static Indices of_rows(std::span<const I> table, std::size_t width,
                         std::span<const std::size_t> rows) {
    Indices indices(table);
    indices.size_ = rows.size() * width;
    indices.rows_ = rows.data();
    indices.width_ = width;
    return indices;
  }

  /// Returns the number of indices.
  std::size_t size() const { return size_; }

  /// Returns the extents of an array of integers, and size() for any other range. They are valid as
  /// long as the array and this object.
  std::span<const std::size_t> extents() const {
    return extents_.data() == nullptr ? std::span<const std::size_t>(&size_, 1) : extents_;
  }

  /// Returns index `i`. `i` must be below size(). Values of 2^63 and above wrap to
  /// negative, which ops reject, but for a label that cross-entropy ignores.
  std::int64_t operator[](std::size_t i) const {
    return read_(data_, rows_ == nullptr ? i : rows_[i / width_] * width_ + i % width_);
  }

  /// Returns index `i` in digits, for messages. Values of any size are exact.
  std::string text(std::size_t i) const {
    const std::int64_t index = (*this)[i];
    return is_signed_ ? std::to_string(index) : std::to_string(static_cast<std::uint64_t>(index));
  }

 private:
  template <class I>
  static std::int64_t read(const void* data, std::size_t i) {
    return static_cast<std::int64_t>(static_cast<const I*>(data)[i]);
  }

  const void* data_;
  std::size_t size_;
  std::int64_t (*read_)(const void*, std::size_t);
  bool is_signed_;
  std::span<const std::size_t> extents_{};
  const std::size_t* rows_ = nullptr;
  std::size_t width_ = 1;
};

}  // namespace xtape
