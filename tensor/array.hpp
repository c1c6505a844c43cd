#pragma once

#include "tensor/buffer.hpp"
#include "tensor/shape.hpp"

/// @file
/// The array type.

namespace xtape {

/// A dense, row-major array of any rank. Array is an xtensor container, so all functions of xtensor
/// accept it. The elements of a new array are uninitialised unless you give a value: `Array<float>
/// zeros(Shape{64, 10}, 0.f)`.
template <class T = float>
using Array = xt::xarray_container<Buffer<T>, xt::layout_type::row_major, Shape>;

namespace detail {

/// True if an xtensor container has the number of elements that its shape says, and at most
/// max_rank axes. A container that was moved from by assignment is not whole: it has lost its
/// elements and kept its shape.
template <class C>
bool is_whole(const C& container) {
  return count_elements(container.shape()) == container.storage().size() &&
         container.shape().size() <= max_rank;
}

/// Throws the ShapeError for a container that is not whole.
[[noreturn, gnu::cold]] void fail_not_whole(const char* operation, const Shape& shape,
                                            std::size_t elements);

/// Changes the shape of `array` for resize(). This function is out of line, because shapes mostly
/// repeat.
template <class T>
[[gnu::noinline]] void reshape_storage(Array<T>& array, const Shape& shape, const char* operation) {
  const std::size_t count = element_count(shape, operation);
  require<ShapeError>(count <= array.storage().max_size(),
                      "{}: shape {} has more elements than memory can hold", operation, shape);
  array.storage().reserve(count);  // may throw; the array is still unchanged
  array.resize(shape, true);       // also if only the elements are missing
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

/// Checks that an array (or another xtensor container) is whole. Throws ShapeError, with the name
/// `operation`, if its elements do not match its shape, if its element count overflows, or if it
/// has more than max_rank axes. An array that was moved from is not whole.
template <class C>
void require_whole(const char* operation, const C& array) {
  if (!detail::is_whole(array)) [[unlikely]] {
    detail::fail_not_whole(operation, Shape(array.shape().begin(), array.shape().end()),
                           array.storage().size());
  }
}

/// Runs `instantiate(T)` for each scalar type T that the library is compiled for: float and
/// double.
#define XTAPE_FOR_EACH_SCALAR(instantiate) \
  instantiate(float);                      \
  instantiate(double)

}  // namespace xtape
