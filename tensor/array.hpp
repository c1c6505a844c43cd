#pragma once

#include "tensor/buffer.hpp"
#include "tensor/shape.hpp"

/// @file
/// The array type.

namespace xtape {

/// A dense, row-major array of any rank: an xtensor container, so that all of xtensor works on it.
/// A new array holds whatever its memory held; give a value to fill it: `Array<float>
/// zeros(Shape{64, 10}, 0.f)`.
template <class T = float>
using Array = xt::xarray_container<Buffer<T>, xt::layout_type::row_major, Shape>;

namespace detail {

/// Whether a container of xtensor's holds as many elements as its shape says and has no more axes
/// than an array may have. It does not after it was moved from by assignment, which takes the
/// elements and leaves the shape.
template <class C>
bool is_whole(const C& container) {
  return count_elements(container.shape()) == container.storage().size() &&
         container.shape().size() <= max_rank;
}

/// Throws the ShapeError of a container that is not whole.
[[noreturn, gnu::cold]] void fail_not_whole(const char* operation, const Shape& shape,
                                            std::size_t elements);

/// What resize() does where the shape is another one: kept out of line, as shapes repeat.
template <class T>
[[gnu::noinline]] void reshape_storage(Array<T>& array, const Shape& shape, const char* operation) {
  const std::size_t count = element_count(shape, operation);
  require<ShapeError>(count <= array.storage().max_size(),
                      "{}: shape {} has more elements than memory can hold", operation, shape);
  array.storage().reserve(count);  // throws while the array is as it was
  array.resize(shape, true);       // even where it has this shape, but not the elements
}

}  // namespace detail

/// Gives `array` the shape, keeping its memory when that is large enough. The elements are
/// unspecified afterwards unless the shape was the same before. Throws ShapeError naming
/// `operation` when the shape has more axes than max_rank or more elements than memory can be asked
/// for, std::bad_alloc when there is not enough; then the array is as it was.
template <class T>
void resize(Array<T>& array, const Shape& shape, const char* operation = "resize") {
  if (!same_shape(array.shape(), shape) || !detail::is_whole(array)) {
    detail::reshape_storage(array, shape, operation);
  }
}

/// Throws ShapeError naming `operation` unless the array, or other container of xtensor's, holds
/// the elements of its shape, which can be counted, and has at most max_rank axes: not when it was
/// moved from.
template <class C>
void require_whole(const char* operation, const C& array) {
  if (!detail::is_whole(array)) [[unlikely]] {
    detail::fail_not_whole(operation, Shape(array.shape().begin(), array.shape().end()),
                           array.storage().size());
  }
}

/// Runs `instantiate(T)` for each scalar type that the library is compiled for.
#define XTAPE_FOR_EACH_SCALAR(instantiate) \
  instantiate(float);                      \
  instantiate(double)

}  // namespace xtape
