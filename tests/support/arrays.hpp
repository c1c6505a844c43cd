#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "tensor/array.hpp"
#include "tensor/rng.hpp"

/// Arrays for tests, and the plain walk over indices that kernels are compared with.

/// Returns whole numbers from -8 to 8. Sums and products of a few thousand of them are exact in
/// single precision, so results can be compared bit by bit.
template <class T>
xtape::Array<T> random_integers(const xtape::Shape& shape, xtape::Rng& rng) {
  xtape::Array<T> array(shape);
  for (T& element : array.storage()) {
    element = static_cast<T>(rng() % 17) - T(8);
  }
  return array;
}

/// Returns an array of normal numbers with mean 0.
template <class T>
xtape::Array<T> random_normal(const xtape::Shape& shape, xtape::Rng& rng, double deviation = 1) {
  xtape::Array<T> array(shape);
  rng.fill_normal(std::span<T>(array.storage()), 0, deviation);
  return array;
}

/// Returns an array of this shape with these elements, in row-major order.
template <class T>
xtape::Array<T> array_of(const xtape::Shape& shape, std::initializer_list<T> elements) {
  xtape::Array<T> array(shape);
  std::copy(elements.begin(), elements.end(), array.data());
  return array;
}

/// Returns 0, 1, 2, ... in this shape.
inline xtape::Array<float> counting(const xtape::Shape& shape) {
  xtape::Array<float> array(shape);
  std::iota(array.storage().begin(), array.storage().end(), 0.f);
  return array;
}

/// Moves the elements away by assignment. The array keeps its shape and has no elements.
template <class T>
void move_away(xtape::Array<T>& array) {
  xtape::Array<T> taker;
  taker = std::move(array);
}

template <class T>
std::vector<T> elements(const xtape::Array<T>& array) {
  return {array.storage().begin(), array.storage().end()};
}

/// Returns a shape of rank 0 to `max_rank` with extents from `smallest` to 5.
inline xtape::Shape random_shape(xtape::Rng& rng, std::size_t max_rank, std::size_t smallest) {
  xtape::Shape shape(rng() % (max_rank + 1));
  for (std::size_t& extent : shape) {
    extent = smallest + rng() % (6 - smallest);
  }
  return shape;
}

/// Returns a shape that broadcasts to `shape`: some leading axes are missing, some extents are 1.
inline xtape::Shape random_operand_shape(const xtape::Shape& shape, xtape::Rng& rng) {
  const std::size_t missing = rng() % 3 == 0 ? rng() % (shape.size() + 1) : 0;
  xtape::Shape operand(shape.begin() + static_cast<std::ptrdiff_t>(missing), shape.end());
  for (std::size_t& extent : operand) {
    extent = rng() % 3 == 0 ? 1 : extent;
  }
  return operand;
}

/// Calls `visit(index)` for every index of the shape in row-major order.
template <class Visit>
void for_each_index(const xtape::Shape& shape, Visit visit) {
  const std::size_t count = xtape::element_count(shape);
  std::vector<std::size_t> index(shape.size());
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t rest = i;
    for (std::size_t axis = shape.size(); axis-- > 0; rest /= shape[axis]) {
      index[axis] = rest % shape[axis];
    }
    visit(std::as_const(index));
  }
}

/// Returns the row-major offset of the operand's element that broadcasts to `index`.
inline std::size_t broadcast_offset(const xtape::Shape& operand,
                                    const std::vector<std::size_t>& index) {
  const std::size_t missing = index.size() - operand.size();
  std::size_t offset = 0;
  for (std::size_t axis = 0; axis < operand.size(); ++axis) {
    offset = offset * operand[axis] + (operand[axis] == 1 ? 0 : index[missing + axis]);
  }
  return offset;
}
