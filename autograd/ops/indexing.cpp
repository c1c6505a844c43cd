#include "autograd/ops/indexing.hpp"

#include <span>

#include "autograd/ops/moved.hpp"

namespace xtape {
namespace {

/// Returns the position from the front, which may be the end of the axis.
std::ptrdiff_t position(std::ptrdiff_t from_either, std::size_t extent) {
  const auto end = static_cast<std::ptrdiff_t>(extent);
  return from_either == to_end ? end : from_either < 0 ? from_either + end : from_either;
}

}  // namespace

template <class T>
Variable<T> slice(Variable<T> x, std::ptrdiff_t begin, std::ptrdiff_t end,
                  std::ptrdiff_t axis_from_either, std::ptrdiff_t step) {
  const std::size_t axis = normalize_axis("slice", axis_from_either, x.shape());
  const std::ptrdiff_t first = position(begin, x.shape()[axis]);
  const std::ptrdiff_t last = position(end, x.shape()[axis]);
  require<ShapeError>(
      0 <= first && first <= last && static_cast<std::size_t>(last) <= x.shape()[axis],
      "slice: [{}, {}) is not within axis {} of {}", begin, end == to_end ? last : end, axis,
      x.shape());
  require<ValueError>(step > 0, "slice: the step is {}, expected at least 1; flip reverses", step);
  Shape shape = x.shape();
  shape[axis] = static_cast<std::size_t>((last - first) / step + ((last - first) % step > 0));
  const auto loops = detail::keep_loops(x.tape(), shape);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const bool steps = i == axis && shape[i] > 1;  // a step beyond the array would overflow
    loops[i].in_step = detail::step_along(x.shape(), i) * (steps ? step : 1);
  }
  const std::ptrdiff_t from = first * detail::step_along(x.shape(), axis);
  return detail::move_elements<T>(
      {"slice", {{"begin", first}, {"end", last}, {"axis", axis}, {"step", step}}}, x, shape, loops,
      static_cast<std::size_t>(from));
}

template <class T>
Variable<T> select(Variable<T> x, std::ptrdiff_t index, std::ptrdiff_t axis_from_either) {
  const std::size_t axis = normalize_axis("select", axis_from_either, x.shape());
  const std::size_t extent = x.shape()[axis];
  const std::ptrdiff_t place = position(index, extent);
  require<ShapeError>(place >= 0 && static_cast<std::size_t>(place) < extent,
                      "select: axis {} of {} has no element {}", axis, x.shape(), index);
  Shape kept = x.shape();
  kept[axis] = 1;
  const auto loops = detail::keep_loops(x.tape(), kept);
  Shape shape;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    loops[i].in_step = detail::step_along(x.shape(), i);
    if (i != axis) {
      shape.push_back(kept[i]);
    }
  }
  const std::ptrdiff_t from = place * detail::step_along(x.shape(), axis);
  return detail::move_elements<T>({"select", {{"index", place}, {"axis", axis}}}, x, shape, loops,
                                  static_cast<std::size_t>(from));
}

namespace {

/// Returns the indices as places along an axis, on the tape. Throws ValueError if the axis has no
/// such place.
template <class T>
std::span<const std::uint32_t> keep_places(const char* op, Variable<T> x, const Indices& indices,
                                           std::size_t axis) {
  const std::size_t extent = x.shape()[axis];
  require<ShapeError>(extent <= 0xFFFFFFFFu, "{}: axis {} of {} is too long to index", op, axis,
                      x.shape());
  const auto kept = x.tape().template keep<std::uint32_t>(indices.size());
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const auto index = static_cast<std::uint64_t>(indices[i]);  // huge if it is negative
    require<ValueError>(
        index < extent,
        "{}: index {} at position {} is not in [0, {}), the extent of axis {} of {}", op,
        indices.text(i), i, extent, axis, x.shape());
    kept[i] = static_cast<std::uint32_t>(index);
  }
  return kept;
}

/// Returns `shape` with the axes of the indices in place of `axis`.
Shape gathered_shape(const Shape& shape, const Indices& indices, std::size_t axis) {
  Shape result;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i != axis) {
      result.push_back(shape[i]);
      continue;
    }
    for (const std::size_t extent : indices.extents()) {
      result.push_back(extent);
    }
  }
  return result;
}

}  // namespace

template <class T>
Variable<T> gather(Variable<T> x, Indices indices, std::ptrdiff_t axis_from_either) {
  const std::size_t axis = normalize_axis("gather", axis_from_either, x.shape());
  const auto places = keep_places("gather", x, indices, axis);
  return define(
      {"gather", {{"indices", places}, {"axis", axis}}}, {x},
      [&](Array<T>& y) {
        resize(y, gathered_shape(x.shape(), indices, axis), "gather");
        gather_along(blocks_around(x.shape(), axis), x.value().data(), places, T(0), y.data());
      },
      [=](auto y, Array<T>& dx, T beta) {
        if (beta == T(0)) {
          dx.fill(T(0));
        }
        scatter_add_along(blocks_around(dx.shape(), axis), y.grad().data(), places, dx.data());
      });
}

template <class T>
Variable<T> scatter_add(Variable<T> x, Indices indices, Variable<T> values,
                        std::ptrdiff_t axis_from_either) {
  const std::size_t axis = normalize_axis("scatter_add", axis_from_either, x.shape());
  const Shape wanted = gathered_shape(x.shape(), indices, axis);
  require<ShapeError>(same_shape(values.shape(), wanted),
                      "scatter_add: the values {} do not fit axis {} of {}: expected {}",
                      values.shape(), axis, x.shape(), wanted);
  const auto places = keep_places("scatter_add", x, indices, axis);
  return define(
      {"scatter_add", {{"indices", places}, {"axis", axis}}}, {x, values},
      [&](Array<T>& y) {
        resize(y, x.shape(), "scatter_add");
        copy_rows(1, y.size(), x.value().data(), 0, T(0), y.data(), 0);
        scatter_add_along(blocks_around(y.shape(), axis), values.value().data(), places, y.data());
      },
      [](auto y) -> const auto& { return y.grad(); },
      [=](auto y, Array<T>& dvalues, T beta) {
        gather_along(blocks_around(y.shape(), axis), y.grad().data(), places, beta, dvalues.data());
      });
}

#define XTAPE_INSTANTIATE(T)                                                              \
  template Variable<T> slice(Variable<T>, std::ptrdiff_t, std::ptrdiff_t, std::ptrdiff_t, \
                             std::ptrdiff_t);                                             \
  template Variable<T> select(Variable<T>, std::ptrdiff_t, std::ptrdiff_t);               \
  template Variable<T> gather(Variable<T>, Indices, std::ptrdiff_t);                      \
  template Variable<T> scatter_add(Variable<T>, Indices, Variable<T>, std::ptrdiff_t)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
