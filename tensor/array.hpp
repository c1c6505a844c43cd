#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "tensor/dual_storage.hpp"
#include "tensor/layout.hpp"
#include "tensor/nested_list.hpp"
#include "tensor/scalars.hpp"
#include "tensor/shape.hpp"
#include "tensor/storage.hpp"

/// @file
/// The array type.

namespace xtape {

template <class T = float>
class Array;

}  // namespace xtape

/// The types that xtensor requires of a container.
namespace xt {

template <class T>
struct xcontainer_inner_types<xtape::Array<T>> {
  using storage_type = xtape::Storage<T>;
  using reference = typename storage_type::reference;
  using const_reference = typename storage_type::const_reference;
  using size_type = std::size_t;
  using shape_type = xtape::Shape;
  using strides_type = get_strides_t<shape_type>;
  using backstrides_type = strides_type;
  using inner_shape_type = shape_type;
  using inner_strides_type = strides_type;
  using inner_backstrides_type = strides_type;
  using temporary_type = xtape::Array<T>;
  static constexpr layout_type layout = layout_type::row_major;
};

template <class T>
struct xiterable_inner_types<xtape::Array<T>> : xcontainer_iterable_types<xtape::Array<T>> {};

namespace detail {

/// An Array is no shared expression of xtensor, which would hold 16 bytes more.
template <class T>
struct is_sharable<xtape::Array<T>> {
  static constexpr bool value = false;
};

}  // namespace detail

}  // namespace xt

namespace xtape {
namespace detail {

/// True if an xtensor container has the number of elements that its shape says, and at most
/// max_rank axes. A container that was moved from by assignment is not whole: it has lost its
/// elements and kept its shape.
template <class C>
bool is_whole(const C& container) {
  return count_elements(container.shape()) == container.storage().size() &&
         container.shape().size() <= max_rank;
}
template <class T>
bool is_whole(const Array<T>& array) {
  return array.is_whole();
}

/// Throws the ShapeError for a container that is not whole.
[[noreturn, gnu::cold]] void fail_not_whole(const char* operation, const Shape& shape,
                                            std::size_t elements);

}  // namespace detail

/// Checks that an array (or another xtensor container) is whole. Throws ShapeError, with the name
/// `operation`, if its elements do not match its shape, if its element count overflows, or if it
/// has more than max_rank axes. An array that was moved from is not whole.
///@{
template <class C>
void require_whole(const char* operation, const C& array) {
  if (!detail::is_whole(array)) [[unlikely]] {
    detail::fail_not_whole(operation, Shape(array.shape().begin(), array.shape().end()),
                           array.storage().size());
  }
}
template <class T>  // inline: each op checks its operands
[[gnu::always_inline]] inline void require_whole(const char* operation, const Array<T>& array) {
  if (!array.is_whole()) [[unlikely]] {
    detail::fail_not_whole(operation, array.shape(), array.storage().size());
  }
}
///@}

namespace detail {

/// Throws ShapeError, with the name `operation`, unless every container that the expression reads
/// is whole.
template <class E>
[[gnu::always_inline]] inline void require_whole_operands(const char* operation,
                                                          const E& expression) {
  if constexpr (requires { expression.arguments(); }) {  // a function
    std::apply([=](const auto&... each) { (require_whole_operands(operation, each), ...); },
               expression.arguments());
  } else if constexpr (requires { expression.expression(); }) {  // a view, a reduction
    require_whole_operands(operation, expression.expression());
  } else if constexpr (requires { expression.storage(); }) {
    require_whole(operation, expression);
  }
}

}  // namespace detail

/// A dense, row-major array of any rank. Array is an xtensor container, so all functions of xtensor
/// accept it. The elements of a new array are uninitialised unless you give a value: `Array<float>
/// zeros(Shape{64, 10}, 0.f)`.
template <class T>
class Array : public xt::xcontainer<Array<T>>, public xt::xcontainer_semantic<Array<T>> {
  using Container = xt::xcontainer<Array>;
  using Semantic = xt::xcontainer_semantic<Array>;
  template <std::size_t Levels>
  using Nested = xt::nested_initializer_list_t<T, Levels>;

 public:
  /// The member types and constants that containers of xtensor have.
  ///@{
  using storage_type = typename Container::storage_type;
  using allocator_type = typename Container::allocator_type;
  using value_type = typename Container::value_type;
  using reference = typename Container::reference;
  using const_reference = typename Container::const_reference;
  using pointer = typename Container::pointer;
  using const_pointer = typename Container::const_pointer;
  using size_type = typename Container::size_type;
  using difference_type = typename Container::difference_type;
  using shape_type = typename Container::shape_type;
  using strides_type = typename Container::strides_type;
  using backstrides_type = typename Container::backstrides_type;
  using inner_shape_type = typename Container::inner_shape_type;
  using inner_strides_type = typename Container::inner_strides_type;
  using inner_backstrides_type = typename Container::inner_backstrides_type;
  using temporary_type = typename Semantic::temporary_type;
  using expression_tag = xt::xtensor_expression_tag;
  static constexpr std::size_t rank = static_cast<std::size_t>(-1);
  ///@}

  /// Makes a scalar, 0 or `value`.
  ///@{
  Array() : Array(T()) {}
  Array(const T& value) : storage_(1, value) {}
  ///@}

  /// Makes an array of a shape, uninitialised or filled with `value`. Throws ShapeError if the
  /// elements cannot be counted.
  ///@{
  explicit Array(const Shape& shape) : layout_(shape), storage_(layout_->count) {}
  explicit Array(const Shape& shape, const T& value)
      : layout_(shape), storage_(layout_->count, value) {}
  template <class S = Shape>
  static Array from_shape(S&& shape) {
    require_extents(shape);
    return Array(as_shape(shape));
  }
  ///@}

  /// Makes an array of lists of numbers: `Array<float> a{{1, 2}, {3, 4}}`. Throws ShapeError unless
  /// all lists of one level have the same length.
  ///@{
  Array(Nested<1> list) : Array(FromList(), list) {}
  Array(Nested<2> list) : Array(FromList(), list) {}
  Array(Nested<3> list) : Array(FromList(), list) {}
  Array(Nested<4> list) : Array(FromList(), list) {}
  Array(Nested<5> list) : Array(FromList(), list) {}
  ///@}

  /// Evaluates an expression. Throws ShapeError if it reads an array that was moved from.
  ///@{
  template <class E>
  Array(const xt::xexpression<E>& expression) {
    detail::require_whole_operands("Array", expression.derived_cast());
    Semantic::assign(expression);
  }
  template <class E>
  Array& operator=(const xt::xexpression<E>& expression) {
    detail::require_whole_operands("Array", expression.derived_cast());
    Semantic::operator=(expression);
    return *this;
  }
  ///@}

  /// Makes an array that is not whole. If its first elements are few, they are in memory of
  /// `arena`. See Storage.
  explicit Array(Arena& arena) : storage_(arena) {}

  /// An array that was moved from keeps its shape and loses its elements. See require_whole().
  ///@{
  Array(const Array&) = default;
  Array(Array&&) noexcept = default;
  Array& operator=(const Array& other) {
    storage_ = other.storage_;  // may throw. The array is still unchanged
    layout_ = other.layout_;
    return *this;
  }
  Array& operator=(Array&&) noexcept = default;
  ~Array() = default;
  ///@}

  /// Changes each element by a number, or by an expression that broadcasts to the shape of the
  /// array. Throws ShapeError if one of both was moved from.
  ///@{
  template <class E>
  Array& operator+=(const E& other) {
    require_whole_both(other);
    return Semantic::operator+=(other);
  }
  template <class E>
  Array& operator-=(const E& other) {
    require_whole_both(other);
    return Semantic::operator-=(other);
  }
  template <class E>
  Array& operator*=(const E& other) {
    require_whole_both(other);
    return Semantic::operator*=(other);
  }
  template <class E>
  Array& operator/=(const E& other) {
    require_whole_both(other);
    return Semantic::operator/=(other);
  }
  ///@}

  /// Changes the shape, and keeps the memory if it is large enough. The elements are unspecified
  /// afterwards. Throws ShapeError if they cannot be counted, or if an extent is negative. See also
  /// xtape::resize().
  template <class S = Shape>
  void resize(S&& shape, bool = false) {
    require_extents(shape);
    const Shape& extents = as_shape(shape);
    const detail::LayoutReference layout =
        same_shape(layout_->shape, extents) ? layout_ : detail::LayoutReference(extents);
    storage_.resize(layout->count);  // may throw. The array is still unchanged
    layout_ = layout;
  }

  /// Changes the shape and keeps the elements. A negative extent is computed from the others.
  /// Throws ShapeError if the shape has another number of elements, or the array was moved from.
  ///@{
  template <class S = Shape>
  Array& reshape(S&& shape, xt::layout_type = xt::layout_type::row_major) & {
    require_whole("reshape", *this);
    Shape extents = as_shape(shape);
    if constexpr (std::is_signed_v<typename std::remove_cvref_t<S>::value_type>) {
      const auto is_open = [](auto extent) { return extent < 0; };
      const auto open = std::find_if(shape.begin(), shape.end(), is_open);
      require<ShapeError>(std::count_if(shape.begin(), shape.end(), is_open) <= 1,
                          "reshape: more than one extent is negative");
      if (open != shape.end()) {
        std::size_t& extent = extents[static_cast<std::size_t>(open - shape.begin())];
        extent = 1;
        extent = storage_.size() / std::max<std::size_t>(element_count(extents, "reshape"), 1);
      }
    }
    const detail::LayoutReference layout(extents);
    require<ShapeError>(layout->count == storage_.size(),
                        "reshape: {} elements do not fill the shape {}", storage_.size(), extents);
    layout_ = layout;
    return *this;
  }
  template <class Extent>
  Array& reshape(std::initializer_list<Extent> shape,
                 xt::layout_type = xt::layout_type::row_major) & {
    return reshape(std::vector<Extent>(shape));
  }
  ///@}

  /// Reads numbers of others, and their tangents unless `tangents` is null, where they are. Both
  /// arrays are whole and have the same shape. See Storage<Dual<F>>::borrow(). Nested numbers have
  /// tangents along an inner and an outer direction.
  ///@{
  void borrow(const Array<Real<T>>& values, const Array<Real<T>>* tangents) requires is_dual<T> {
    const Real<T>* const moved = tangents == nullptr ? nullptr : tangents->data();
    if constexpr (is_nested_dual<T>) {
      storage_.borrow(values.data(), moved, moved, values.size());
    } else {
      storage_.borrow(values.data(), moved, values.size());
    }
    layout_ = values.layout_;
  }
  void borrow(const Array<Real<T>>& values, const Array<Real<T>>& inner,
              const Array<Real<T>>& outer) requires is_nested_dual<T> {
    storage_.borrow(values.data(), inner.data(), outer.data(), values.size());
    layout_ = values.layout_;
  }
  ///@}

  /// Exchanges elements and shapes. See Storage::trade().
  void trade(Array& other) noexcept {
    std::swap(layout_, other.layout_);
    storage_.trade(other.storage_);
  }

  /// The order of the elements is fixed.
  ///@{
  static constexpr xt::layout_type layout() noexcept { return xt::layout_type::row_major; }
  static constexpr bool is_contiguous() noexcept { return true; }
  ///@}

  /// True if the array has the number of elements that its shape says, and at most max_rank axes.
  bool is_whole() const { return layout_->whole_count == storage_.size(); }

 private:
  friend class xt::xcontainer<Array>;
  template <class U>
  friend class Array;

  struct FromList {};
  template <class List>
  Array(FromList, const List& list) : Array(xt::shape<Shape>(list)) {
    detail::copy_list(list, layout_->shape, 0, storage_.begin());
  }

  template <class E>
  void require_whole_both(const E& other) const {
    require_whole("Array", *this);
    detail::require_whole_operands("Array", other);
  }

  template <class S>
  static void require_extents(const S& shape) {
    using Extent = typename S::value_type;
    if constexpr (std::is_signed_v<Extent>) {
      for (const Extent extent : shape) {
        require<ShapeError>(extent >= 0, "the extents of an array must be at least 0, got {}",
                            extent);
      }
    }
  }
  template <class S>
  static decltype(auto) as_shape(const S& shape) {
    if constexpr (std::is_same_v<S, Shape>) {
      return (shape);
    } else {
      Shape extents(shape.size());
      std::transform(shape.begin(), shape.end(), extents.begin(),
                     [](auto extent) { return static_cast<std::size_t>(extent); });
      return extents;
    }
  }

  storage_type& storage_impl() noexcept { return storage_; }
  const storage_type& storage_impl() const noexcept { return storage_; }
  const inner_shape_type& shape_impl() const noexcept { return layout_->shape; }
  const inner_strides_type& strides_impl() const noexcept { return layout_->strides; }
  const inner_backstrides_type& backstrides_impl() const noexcept { return layout_->backstrides; }

  detail::LayoutReference layout_;
  storage_type storage_;
};

/// True if both arrays have the same shape and equal elements.
template <class T>
bool operator==(const Array<T>& a, const Array<T>& b) {
  return same_shape(a.shape(), b.shape()) && a.storage() == b.storage();
}

namespace detail {

/// Changes the shape of `array` for resize(). This function is out of line, because shapes mostly
/// repeat.
template <class T>
[[gnu::noinline]] void reshape_storage(Array<T>& array, const Shape& shape, const char* operation) {
  const std::size_t count = element_count(shape, operation);
  require<ShapeError>(count <= array.storage().max_size(),
                      "{}: shape {} has more elements than memory can hold", operation, shape);
  array.resize(shape);  // also if only the elements are missing
}

}  // namespace detail

/// Changes the shape of `array` to `shape`, and keeps its memory if the memory is large enough. If
/// the shape changes, the elements are unspecified afterwards. Strong exception guarantee. Throws
/// ShapeError, with the name `operation`, if the shape has more than max_rank axes or too many
/// elements to address. Throws std::bad_alloc if there is not enough memory.
template <class T>
void resize(Array<T>& array, const Shape& shape, const char* operation = "resize") {
  if (!same_shape(array.shape(), shape) || !detail::is_whole(array)) {
    detail::reshape_storage(array, shape, operation);
  }
}

}  // namespace xtape
