#include "benchmarks/gradbench/eval.hpp"

namespace gradbench {

namespace {

// Appends the numbers of nested lists, whose extents are those of the first list of each level.
void append(const json& lists, std::size_t level, Shape& shape, std::vector<double>& out) {
  if (!lists.is_array()) {
    out.push_back(lists.get<double>());
    return;
  }
  if (level == shape.size()) {
    shape.push_back(lists.size());
  }
  for (const json& each : lists) {
    append(each, level + 1, shape, out);
  }
}

json nested(const Array<double>& array, std::size_t axis, const double*& next) {
  if (axis == array.dimension()) {
    return *next++;
  }
  json list = json::array();
  for (std::size_t i = 0; i < array.shape(axis); ++i) {
    list.push_back(nested(array, axis + 1, next));
  }
  return list;
}

}  // namespace

Array<double> numbers(const json& lists) {
  Shape shape;
  std::vector<double> all;
  append(lists, 0, shape, all);
  return xtape::array(all, shape);
}

json lists(const Array<double>& array) {
  const double* next = array.data();
  return nested(array, 0, next);
}

}  // namespace gradbench
