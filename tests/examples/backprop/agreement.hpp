#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "tensor/array.hpp"

/// The greatest |a - b| of any element, relative to the largest |b| of any element: 0 where the
/// arrays are equal, infinite where one holds NaN or the shapes differ.
template <class T>
double disagreement(const xtape::Array<T>& a, const xtape::Array<T>& b) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (!xtape::same_shape(a.shape(), b.shape())) {
    return infinity;
  }
  double apart = 0, largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto value = static_cast<double>(a.data()[i]), wanted = static_cast<double>(b.data()[i]);
    const double distance = std::abs(value - wanted);
    apart = std::isnan(distance) ? infinity : std::max(apart, distance);
    largest = std::max(largest, std::abs(wanted));
  }
  return apart == 0 ? 0 : apart / largest;
}
