#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "tensor/argmax.hpp"
#include "tensor/array.hpp"
#include "tensor/indices.hpp"

/// @file
/// Classes as numbers and as rows. A row of scores predicts the class of its largest score. In a
/// tie, the first score wins. NaN counts as the largest score, as in NumPy. argmax() returns the
/// classes of all rows.

namespace xtape {

/// Returns rows of zeros with a 1 at the label: (labels, classes). Labels of several axes, such as
/// an `xt::xarray<int>` (batch, time), give (batch, time, classes). Throws ValueError if a label is
/// not a class.
template <class T = float>
Array<T> one_hot(Indices labels, std::size_t classes);

namespace detail {

/// Throws ShapeError unless the logits are (batch, classes) with at least one class.
template <class T>
void require_logits(const char* operation, const Array<T>& logits);

/// Throws ValueError if a label is neither a class nor `ignored`.
void require_classes(const char* operation, Indices labels, std::size_t classes,
                     std::optional<std::int64_t> ignored = {});

/// Returns the class that a row of logits predicts.
template <class T>
std::size_t predicted_class(const Array<T>& logits, std::size_t row);

}  // namespace detail

}  // namespace xtape
