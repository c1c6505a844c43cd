#include "tensor/axes.hpp"

namespace xtape {

void Axes::add(std::ptrdiff_t axis) {
  require<ShapeError>(count_ < capacity, "at most {} axes can be named, got axis {} beside them",
                      capacity, axis);
  list_[count_++] = axis;
}

std::uint64_t Axes::mask(const char* operation, const Shape& shape) const {
  require_rank(operation, shape.size());
  if (all_) {
    return (std::uint64_t{1} << shape.size()) - 1;
  }
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    const std::uint64_t bit = std::uint64_t{1} << normalize_axis(operation, list_[i], shape);
    require<ShapeError>((mask & bit) == 0, "{}: axis {} is named twice", operation, list_[i]);
    mask |= bit;
  }
  return mask;
}

Shape Axes::list(const char* operation, const Shape& shape) const {
  mask(operation, shape);
  Shape axes(all_ ? shape.size() : count_);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    axes[i] = all_ ? i : normalize_axis(operation, list_[i], shape);
  }
  return axes;
}

Shape reduced_shape(const Shape& shape, std::uint64_t mask, bool keepdims) {
  Shape result;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if ((mask >> axis & 1) == 0) {
      result.push_back(shape[axis]);
    } else if (keepdims) {
      result.push_back(1);
    }
  }
  return result;
}

}  // namespace xtape
