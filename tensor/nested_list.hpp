#pragma once

#include <cstddef>
#include <initializer_list>

#include "tensor/shape.hpp"

/// @file
/// Lists of lists of numbers, as in `Array<float> a{{1, 2}, {3, 4}}`.

namespace xtape::detail {

/// Writes a number, or the numbers of nested lists, to `out` and behind it. Returns the end of what
/// it has written. Throws ShapeError if a list is not as long as `shape` says.
///@{
template <class T, class Out>
Out copy_list(const T& number, const Shape&, std::size_t, Out out) {
  *out = number;
  return ++out;
}
template <class Each, class Out>
Out copy_list(std::initializer_list<Each> list, const Shape& shape, std::size_t axis, Out out) {
  require<ShapeError>(list.size() == shape[axis],
                      "Array: a row of {} elements among rows of {}: the shape would be {}",
                      list.size(), shape[axis], shape);
  for (const Each& each : list) {
    out = copy_list(each, shape, axis + 1, out);
  }
  return out;
}
///@}

}  // namespace xtape::detail
