#include "tensor/shape.hpp"

#include <fmt/format.h>

namespace xtape {
namespace {

/// Returns "matmul: ", or an empty string.
std::string prefix(const char* operation) {
  return operation == nullptr ? "" : fmt::format("{}: ", operation);
}

}  // namespace

void require_rank(const char* operation, std::size_t rank) {
  if (rank > max_rank) [[unlikely]] {
    fail<ShapeError>("{}an array has at most {} axes, got {}", prefix(operation), max_rank, rank);
  }
}

std::size_t element_count(const Shape& shape, const char* operation) {
  require_rank(operation, shape.size());
  const std::optional<std::size_t> count = detail::count_elements(shape);
  if (!count) [[unlikely]] {
    fail<ShapeError>("{}shape {} has more elements than can be counted", prefix(operation), shape);
  }
  return *count;
}

Shape broadcast_shapes(const char* operation, const Shape& a, const Shape& b) {
  const Shape& longer = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  const std::size_t offset = longer.size() - shorter.size();
  Shape result = longer;
  for (std::size_t axis = 0; axis < shorter.size(); ++axis) {
    const std::size_t extent = shorter[axis];
    std::size_t& out = result[axis + offset];
    require<ShapeError>(extent == out || extent == 1 || out == 1,
                        "{}: shapes {} and {} do not broadcast", operation, a, b);
    if (out == 1) {
      out = extent;
    }
  }
  return result;
}

std::size_t normalize_axis(const char* operation, std::ptrdiff_t axis, const Shape& shape) {
  const auto rank = static_cast<std::ptrdiff_t>(shape.size());
  require<ShapeError>(axis >= -rank && axis < rank, "{}: shape {} has no axis {}", operation, shape,
                      axis);
  return static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
}

std::string to_string(const Shape& shape) { return fmt::format("{}", shape); }

}  // namespace xtape

auto fmt::formatter<xtape::Shape>::format(const xtape::Shape& shape,
                                          fmt::format_context& context) const
    -> fmt::format_context::iterator {
  auto out = fmt::format_to(context.out(), "(");
  const char* separator = "";
  for (const std::size_t extent : shape) {
    out = fmt::format_to(out, "{}{}", separator, extent);
    separator = ", ";
  }
  return fmt::format_to(out, ")");
}
