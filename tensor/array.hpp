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

/// Gives `array` the shape, keeping its memory when that is large enough. The elements are
/// unspecified afterwards unless the shape was the same before.
template <class T>
void resize(Array<T>& array, const Shape& shape) {
  if (!same_shape(array.shape(), shape)) {
    array.storage().reserve(element_count(shape));  // throws while the array is as it was
    array.resize(shape);
  }
}

/// Runs `instantiate(T)` for each scalar type that the library is compiled for.
#define XTAPE_FOR_EACH_SCALAR(instantiate) \
  instantiate(float);                      \
  instantiate(double)

}  // namespace xtape
