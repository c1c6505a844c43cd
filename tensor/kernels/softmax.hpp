#pragma once

#include <cstdint>
#include <span>

#include "tensor/array.hpp"

/// @file
/// The kernels of softmax.

namespace xtape {

/// p(i, j) = exp(z(i, j) - m(i)) / sum_k exp(z(i, k) - m(i)) with m(i) = max_j z(i, j), along the
/// last axis. Takes the shape of z; right for numbers of any size, as nothing overflows. Throws
/// ShapeError when that axis is empty, and when z was moved from.
template <class T>
void softmax(const Array<T>& z, Array<T>& p);

/// The same, and returns sum_i -ln p(i, label(i)) for one label a row, without the rounding of ln
/// p: nothing becomes infinite unless z is. Labels must be below the number of columns.
template <class T>
T softmax_with_loss(const Array<T>& z, std::span<const std::uint32_t> labels, Array<T>& p);

/// l(i, j) = z(i, j) - m(i) - log sum_k exp(z(i, k) - m(i)), along the last axis. Takes the shape
/// of z.
template <class T>
void log_softmax(const Array<T>& z, Array<T>& l);

}  // namespace xtape
