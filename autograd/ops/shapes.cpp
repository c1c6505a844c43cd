#include <fmt/format.h>

#include <string>
#include <utility>

#include "autograd/ops/matrix.hpp"
#include "autograd/ops/shaping.hpp"

// The parts of ops that do not depend on the type of the numbers.

namespace xtape {

Extents::Extents(const Shape& shape) {
  for (const std::size_t extent : shape) {
    countable_ = countable_ && std::in_range<std::ptrdiff_t>(extent);
    extents_.push_back(static_cast<std::ptrdiff_t>(extent));
  }
}

void Extents::require_countable(const char* op) const {
  if (!countable_) [[unlikely]] {
    fail<ShapeError>("{}: shape {} is too large", op, Shape(extents_.begin(), extents_.end()));
  }
}

Shape Extents::resolve(const Shape& from) const {
  require_countable("reshape");
  const std::size_t count = element_count(from, "reshape");
  Shape shape;
  std::size_t inferred = extents_.size();
  bool valid = true;
  for (std::size_t axis = 0; axis < extents_.size(); ++axis) {
    if (extents_[axis] == -1) {
      valid = valid && inferred == extents_.size();
      inferred = axis;
    }
    valid = valid && extents_[axis] >= -1;
    shape.push_back(extents_[axis] < 0 ? 1 : static_cast<std::size_t>(extents_[axis]));
  }
  if (valid && inferred < shape.size()) {
    const std::size_t others = element_count(shape, "reshape");
    valid = others != 0 && count % others == 0;
    shape[inferred] = valid ? count / others : 0;
  }
  if (!valid || element_count(shape, "reshape") != count) {
    std::string wanted;
    for (const std::ptrdiff_t extent : extents_) {
      wanted += fmt::format("{}{}", wanted.empty() ? "" : ", ", extent);
    }
    fail<ShapeError>("reshape: the {} elements of {} do not fill ({})", count, from, wanted);
  }
  return shape;
}

Shape Extents::broadcast(const Shape& from) const {
  require_countable("broadcast_to");
  Shape shape;
  bool valid = extents_.size() >= from.size();
  const std::size_t added = valid ? extents_.size() - from.size() : 0;
  std::string wanted;
  for (std::size_t axis = 0; axis < extents_.size(); ++axis) {
    const std::ptrdiff_t extent = extents_[axis];
    wanted += fmt::format("{}{}", wanted.empty() ? "" : ", ", extent);
    const std::size_t own = axis < added || !valid ? 1 : from[axis - added];
    valid = valid && extent >= (axis < added ? 0 : -1) &&
            (extent == -1 || own == 1 || own == static_cast<std::size_t>(extent));
    shape.push_back(extent == -1 ? own : static_cast<std::size_t>(extent));
  }
  require<ShapeError>(valid, "broadcast_to: {} does not broadcast to ({})", from, wanted);
  return shape;
}

std::ptrdiff_t detail::width_of_part(const Shape& shape, std::size_t parts, std::ptrdiff_t axis) {
  const std::size_t extent = shape[normalize_axis("split", axis, shape)];
  require<ShapeError>(extent % parts == 0, "split: axis {} of {} has no {} equal parts", axis,
                      shape, parts);
  return static_cast<std::ptrdiff_t>(extent / parts);
}

bool detail::holds_rows(const Shape& batch, std::size_t width) {
  std::size_t count = 1;
  for (std::size_t axis = 1; axis < batch.size(); ++axis) {
    count *= batch[axis];
  }
  return batch.size() > 1 && count == width;
}

}  // namespace xtape
