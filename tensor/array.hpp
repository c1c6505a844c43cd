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

/// What resize() does where the shape is another one: kept out of line, as shapes repeat.
template <class T>
[[gnu::noinline]] void reshape_storage(Array<T>& array, const Shape& shape, const char* operation) {
  const std::size_t count = element_count(shape, operation);
  require<ShapeError>(count <= array.storage().max_size(),
                      "{}: shape {} has more elements than memory can hold", operation, shape);
  array.storage().reserve(count);  // throws while the array is as it was
  array.resize(shape);
}

}  // namespace detail

/// Gives `array` the shape, keeping its memory when that is large enough. The elements are
/// unspecified afterwards unless the shape was the same before. Throws ShapeError naming
/// `operation` when the shape has more elements than memory can be asked for, std::bad_alloc when
/// there is not enough; then the array is as it was.
template <class T>
void resize(Array<T>& array, const Shape& shape, const char* operation = "resize") {
  if (!same_shape(array.shape(), shape)) {
    detail::reshape_storage(array, shape, operation);
  }
}

/// Throws ShapeError naming `operation` unless the array holds the elements of its shape: not when
/// it was moved from, or made with a shape whose elements cannot be counted.
template <class T>
void require_whole(const char* operation, const Array<T>& array) {
  const std::size_t count = element_count(array.shape(), operation);
  if (array.storage().size() != count) [[unlikely]] {
    fail<ShapeError>("{}: an array of shape {} holds {} elements instead of {}: was it moved from?",
                     operation, array.shape(), array.storage().size(), count);
  }
}

/// Runs `instantiate(T)` for each scalar type that the library is compiled for.
#define XTAPE_FOR_EACH_SCALAR(instantiate) \
  instantiate(float);                      \
  instantiate(double)

}  // namespace xtape
