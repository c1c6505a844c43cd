#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "tensor/array.hpp"
#include "tensor/rng.hpp"
#include "tests/support/numbers.hpp"

/// Arrays for the tests of ops.

namespace xtape {

template <class T>
Array<T> array_of(const Shape& shape, const std::vector<double>& elements) {
  require<ShapeError>(element_count(shape) == elements.size(), "{} elements for {}",
                      elements.size(), shape);
  Array<T> result(shape);
  std::transform(elements.begin(), elements.end(), result.data(),
                 [](double element) { return static_cast<T>(element); });
  return result;
}

/// An array of one axis.
template <class T>
Array<T> array_of(const std::vector<double>& elements) {
  return array_of<T>(Shape{elements.size()}, elements);
}

template <class T, class U>
Array<T> converted(const Array<U>& from) {
  Array<T> result(from.shape());
  std::transform(from.data(), from.data() + from.size(), result.data(),
                 [](U element) { return static_cast<T>(element); });
  return result;
}

/// Returns an image of one channel, (1, height, width, 1), with these pixels.
inline Array<double> image_of(std::size_t height, std::size_t width,
                              const std::vector<double>& pixels) {
  return array_of<double>(Shape{1, height, width, 1}, pixels);
}

/// The greatest |a - b| of any element, relative to the greatest |b| or 1; infinite where one is
/// NaN or infinite, or when the shapes differ.
template <class T, class U>
double greatest_difference(const Array<T>& a, const Array<U>& b) {
  if (!same_shape(a.shape(), b.shape())) {
    return infinity;
  }
  double greatest = 0, scale = 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto value = static_cast<double>(a.data()[i]), wanted = static_cast<double>(b.data()[i]);
    if (!std::isfinite(value) || !std::isfinite(wanted)) {
      return infinity;
    }
    greatest = std::max(greatest, std::abs(value - wanted));
    scale = std::max(scale, std::abs(wanted));
  }
  return greatest / scale;
}

/// Fills an operand with numbers that a float can hold, so that one operand serves both precisions.
using Fill = Array<double>(const Shape& shape, Rng& rng);

/// In [-2, 2).
inline Array<double> anywhere(const Shape& shape, Rng& rng) {
  Array<double> x(shape);
  for (double& element : std::span(x.data(), x.size())) {
    element = static_cast<float>(rng.uniform(-2, 2));
  }
  return x;
}

/// In [0.25, 2.25), where a logarithm, a root or a quotient is smooth.
inline Array<double> positive(const Shape& shape, Rng& rng) {
  Array<double> x(shape);
  for (double& element : std::span(x.data(), x.size())) {
    element = static_cast<float>(rng.uniform(0.25, 2.25));
  }
  return x;
}

/// At least 0.25 away from 0, on either side.
inline Array<double> off_zero(const Shape& shape, Rng& rng) {
  Array<double> x = positive(shape, rng);
  for (double& element : std::span(x.data(), x.size())) {
    element = rng.below(2) == 0 ? element : -element;
  }
  return x;
}

/// Square matrices whose diagonals outweigh what is beside them.
inline Array<double> dominant(const Shape& shape, Rng& rng) {
  Array<double> x = anywhere(shape, rng);
  const std::size_t n = shape.back();
  for (std::size_t row = 0; row < x.size() / std::max<std::size_t>(n, 1); ++row) {
    x.data()[row * n + row % n] += 2 * static_cast<double>(n);
  }
  return x;
}

/// Such matrices that are symmetric, and so positive definite.
inline Array<double> definite(const Shape& shape, Rng& rng) {
  Array<double> x = dominant(shape, rng);
  const std::size_t n = shape.back();
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t first = i / std::max<std::size_t>(n * n, 1) * n * n;
    x.data()[i] = x.data()[first + std::max(i / n % n, i % n) * n + std::min(i / n % n, i % n)];
  }
  return x;
}

/// At most 1/8 away from one of -2, -1, 0, 1.
inline Array<double> near_wholes(const Shape& shape, Rng& rng) {
  Array<double> x(shape);
  for (double& element : std::span(x.data(), x.size())) {
    element = static_cast<double>(rng.below(4)) - 2 + rng.uniform(-0.125, 0.125);
    element = static_cast<float>(element);
  }
  return x;
}

/// At least 0.125 apart from each other.
inline Array<double> distinct(const Shape& shape, Rng& rng) {
  Array<double> x(shape);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x.data()[i] = 0.125 * static_cast<double>(i) - 1;
  }
  rng.shuffle(std::span(x.data(), x.size()));
  return x;
}

}  // namespace xtape
