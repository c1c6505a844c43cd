#pragma once

#include <cstddef>
#include <limits>

#include "autograd/tape.hpp"
#include "tensor/indices.hpp"

/// @file
/// Ops that choose elements by their positions along an axis. Negative axes count from the end.
/// Each throws ShapeError if its operand has no such axis.

namespace xtape {

/// The end of an axis, for slice().
inline constexpr std::ptrdiff_t to_end = std::numeric_limits<std::ptrdiff_t>::max();

/// Returns the elements [begin, end) along `axis`, or every `step`-th of them: `slice(x, 2)`,
/// `slice(x, 0, -1, 1)`, `slice(x, 1, to_end, 0, 2)`. Negative positions count from the end, as in
/// Python. Unlike in Python, a position outside the axis is an error. Throws ValueError unless the
/// step is positive; flip() reverses.
template <class T>
Variable<T> slice(Variable<T> x, std::ptrdiff_t begin, std::ptrdiff_t end = to_end,
                  std::ptrdiff_t axis = 0, std::ptrdiff_t step = 1);

/// Returns element `index` along `axis`, without that axis: `select(x, i)` is row i, and `select(x,
/// -1, 1)` is the last column. A negative index counts from the end. Throws ShapeError if there is
/// no such element.
template <class T>
Variable<T> select(Variable<T> x, std::ptrdiff_t index, std::ptrdiff_t axis = 0);

/// Returns y with y[i] = x[indices[i]] along `axis`. An embedding uses it to look up words. Indices
/// of any shape, such as an `xt::xarray<int>` (batch, time), put their axes in place of this axis.
/// The gradient of an element of x is the sum of the gradients of its copies. Throws ValueError if
/// x has no such element.
template <class T>
Variable<T> gather(Variable<T> x, Indices indices, std::ptrdiff_t axis = 0);

/// Returns x with values added: y[indices[i]] += values[i] along `axis`, also repeatedly. The
/// values have the shape of `gather(x, indices, axis)`. dx is dy, and dvalues is dy at the indices.
/// Throws ValueError if x has no such element.
template <class T>
Variable<T> scatter_add(Variable<T> x, Indices indices, Variable<T> values,
                        std::ptrdiff_t axis = 0);

}  // namespace xtape
