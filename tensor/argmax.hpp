#pragma once

#include <cstddef>
#include <vector>

#include "tensor/array.hpp"

/// @file
/// Positions of the largest and the smallest elements along an axis. In a tie, the first one wins.
/// NaN counts as the largest and as the smallest element, as in NumPy.

namespace xtape {

/// Returns the positions of the largest elements along an axis, for each place of the other axes in
/// row-major order. For logits (batch, classes), these are the predicted classes. Throws ShapeError
/// if the array has no such axis or none of its elements, or was moved from.
template <class T>
std::vector<std::size_t> argmax(const Array<T>& x, std::ptrdiff_t axis = -1);

/// Returns the positions of the smallest elements, as argmax() does with the largest ones.
template <class T>
std::vector<std::size_t> argmin(const Array<T>& x, std::ptrdiff_t axis = -1);

}  // namespace xtape
