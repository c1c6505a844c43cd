#include "autograd/ops/triangles.hpp"

#include <algorithm>
#include <initializer_list>
#include <limits>

#include "autograd/ops/moved.hpp"

namespace xtape {
namespace {

void require_matrices(const char* op, const Shape& shape) {
  require<ShapeError>(shape.size() >= 2, "{}: {} is neither a matrix nor a batch of matrices", op,
                      shape);
}

/// Where a diagonal begins and how long it is.
struct Diagonal {
  std::size_t row, column, length;
};

/// Returns the distance of diagonal `offset` from the main diagonal.
std::size_t distance_of(std::ptrdiff_t offset) {
  const auto bits = static_cast<std::size_t>(offset);
  return offset < 0 ? 0 - bits : bits;
}

/// Returns diagonal `offset` of a matrix.
Diagonal diagonal_of(std::size_t rows, std::size_t columns, std::ptrdiff_t offset) {
  const auto below = offset < 0 ? distance_of(offset) : 0;
  const auto right = offset > 0 ? distance_of(offset) : 0;
  const Diagonal start{std::min(rows, below), std::min(columns, right), 0};
  return {start.row, start.column, std::min(rows - start.row, columns - start.column)};
}

/// Returns `shape` with other extents of the last two axes, or with one axis in their place.
Shape with_last(const Shape& shape, std::size_t dropped, std::initializer_list<std::size_t> last) {
  Shape result(shape.begin(), shape.end() - static_cast<std::ptrdiff_t>(dropped));
  for (const std::size_t extent : last) {
    result.push_back(extent);
  }
  return result;
}

template <class T>
Variable<T> triangle(const char* op, Variable<T> x, bool lower, std::ptrdiff_t offset) {
  require_matrices(op, x.shape());
  return define(
      {op, {{"offset", offset}}}, {x},
      [=](Array<T>& y) {
        resize(y, x.shape(), op);
        copy_triangle(x.shape(), lower, offset, x.value().data(), T(0), y.data());
      },
      [=](auto y, Array<T>& dx, T beta) {
        copy_triangle(dx.shape(), lower, offset, y.grad().data(), beta, dx.data());
      });
}

}  // namespace

template <class T>
Variable<T> diagonal(Variable<T> x, std::ptrdiff_t offset) {
  require_matrices("diagonal", x.shape());
  const std::size_t columns = x.shape().back();
  const Diagonal place = diagonal_of(x.shape()[x.shape().size() - 2], columns, offset);
  const Shape shape = with_last(x.shape(), 2, {place.length});
  const auto loops = detail::keep_loops(x.tape(), shape);
  for (std::size_t axis = 0; axis + 1 < shape.size(); ++axis) {
    loops[axis].in_step = detail::step_along(x.shape(), axis);
  }
  loops.back().in_step = static_cast<std::ptrdiff_t>(columns + 1);
  return detail::move_elements<T>({"diagonal", {{"offset", offset}}}, x, shape, loops,
                                  place.row * columns + place.column);
}

template <class T>
Variable<T> diag(Variable<T> x, std::ptrdiff_t offset) {
  require<ShapeError>(!x.shape().empty(), "diag: a scalar is not a vector");
  const std::size_t length = x.shape().back();
  const std::size_t distance = distance_of(offset);
  require<ShapeError>(distance <= std::numeric_limits<std::size_t>::max() - length,
                      "diag: diagonal {} is too far away", offset);
  const std::size_t size = length + distance;
  const Shape shape = with_last(x.shape(), 1, {size, size});
  element_count(shape, "diag");
  const Diagonal place = diagonal_of(size, size, offset);
  const auto loops = detail::keep_loops(x.tape(), x.shape());
  for (std::size_t axis = 0; axis + 1 < x.shape().size(); ++axis) {
    loops[axis].out_step = detail::step_along(shape, axis);
  }
  loops.back().out_step = static_cast<std::ptrdiff_t>(size + 1);
  return detail::move_elements<T>({"diag", {{"offset", offset}}}, x, shape, loops, 0,
                                  place.row * size + place.column);
}

template <class T>
Variable<T> tril(Variable<T> x, std::ptrdiff_t offset) {
  return triangle("tril", x, true, offset);
}

template <class T>
Variable<T> triu(Variable<T> x, std::ptrdiff_t offset) {
  return triangle("triu", x, false, offset);
}

#define XTAPE_INSTANTIATE(T)                                  \
  template Variable<T> diagonal(Variable<T>, std::ptrdiff_t); \
  template Variable<T> diag(Variable<T>, std::ptrdiff_t);     \
  template Variable<T> tril(Variable<T>, std::ptrdiff_t);     \
  template Variable<T> triu(Variable<T>, std::ptrdiff_t)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
