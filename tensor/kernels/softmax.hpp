#pragma once

#include <cstdint>
#include <span>

#include "tensor/array.hpp"

/// @file
/// The kernels of softmax.

namespace xtape {

/// Computes p(i, j) = exp(z(i, j) - m(i)) / sum_k exp(z(i, k) - m(i)) with m(i) = max_j z(i, j),
/// along the last axis. `p` takes the shape of z. Numbers of any size do not overflow. Throws
/// ShapeError if the last axis is empty, or if z was moved from.
///@{
template <class T>
void softmax(const Array<T>& z, Array<T>& p);
template <class T>
void softmax(const Array<Dual<T>>& z, Array<Dual<T>>& p);
template <class T>
void softmax(const Array<Dual<Dual<T>>>& z, Array<Dual<Dual<T>>>& p);
///@}

/// Computes softmax(z) into p, and returns sum_i -ln p(i, label(i)) for one label per row. With
/// smoothing s, the term of a row is (1 - s) times this plus s times the mean of -ln p(i, j) over
/// all columns j. The loss does not use the logarithm of the rounded p, so the loss is finite if z
/// is finite. Labels must be below the number of columns.
///@{
template <class T>
T softmax_with_loss(const Array<T>& z, std::span<const std::uint32_t> labels, Array<T>& p,
                    double smoothing = 0);
template <class T>
Dual<T> softmax_with_loss(const Array<Dual<T>>& z, std::span<const std::uint32_t> labels,
                          Array<Dual<T>>& p, double smoothing = 0);
template <class T>
Dual<Dual<T>> softmax_with_loss(const Array<Dual<Dual<T>>>& z,
                                std::span<const std::uint32_t> labels, Array<Dual<Dual<T>>>& p,
                                double smoothing = 0);
///@}

/// Computes l(i, j) = z(i, j) - m(i) - log sum_k exp(z(i, k) - m(i)), along the last axis. `l`
/// takes the shape of z.
///@{
template <class T>
void log_softmax(const Array<T>& z, Array<T>& l);
template <class T>
void log_softmax(const Array<Dual<T>>& z, Array<Dual<T>>& l);
template <class T>
void log_softmax(const Array<Dual<Dual<T>>>& z, Array<Dual<Dual<T>>>& l);
///@}

}  // namespace xtape
