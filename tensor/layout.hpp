#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

#include "tensor/shape.hpp"

/// @file
/// Shapes with their strides, which arrays share.

namespace xtape::detail {

/// A shape and what follows from it for a row-major array. It never changes.
struct Layout {
  Shape shape;                           ///< The extents.
  xt::get_strides_t<Shape> strides;      ///< Steps in elements. 0 along an axis of extent 1.
  xt::get_strides_t<Shape> backstrides;  ///< The way from the last place of an axis to the first.
  std::size_t count;                     ///< The number of elements.
  std::size_t whole_count;  ///< `count`, or a number that no array has if there are too many axes.
  mutable std::atomic<std::size_t> users{0};  ///< References to it. 0 if it is never freed.
};

/// A reference to a layout. All arrays of a shape share one layout, so a shape costs an array one
/// pointer, and a shape that was seen before costs no allocation.
///
/// The layouts are in a table, which threads read without a lock. The table has room for some ten
/// thousand shapes, whose layouts are never freed. A layout beyond that is freed with its last
/// reference.
class LayoutReference {
 public:
  /// Refers to the layout of a scalar.
  LayoutReference();

  /// Refers to the layout of `shape`. Throws ShapeError if the elements cannot be counted, and
  /// std::bad_alloc if there is not enough memory.
  explicit LayoutReference(const Shape& shape);

  LayoutReference(const LayoutReference& other) noexcept : layout_(other.layout_) { acquire(); }
  LayoutReference& operator=(const LayoutReference& other) noexcept {
    LayoutReference copy(other);
    std::swap(layout_, copy.layout_);
    return *this;
  }
  ~LayoutReference() { release(); }

  const Layout& operator*() const { return *layout_; }
  const Layout* operator->() const { return layout_; }

 private:
  void acquire() const noexcept {
    if (layout_->users.load(std::memory_order_relaxed) != 0) [[unlikely]] {
      layout_->users.fetch_add(1, std::memory_order_relaxed);
    }
  }
  void release() const noexcept {
    if (layout_->users.load(std::memory_order_relaxed) != 0) [[unlikely]] {
      drop();
    }
  }
  void drop() const noexcept;

  const Layout* layout_;
};

}  // namespace xtape::detail
