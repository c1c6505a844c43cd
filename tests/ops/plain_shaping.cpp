#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iterator>

#include "autograd/ops/indexing.hpp"
#include "tests/ops/plain.hpp"
#include "tests/support/arrays.hpp"

/// The plain twins of ops that move elements.

namespace xtape::plain {
namespace {

/// The same number, but one of its own: it has the gradient of this place only.
Number same_number(const Number& a) { return make(a->value, {{a, 1}}); }

/// The element of `x` at source(index), for each index of `shape`.
template <class Source>
Tensor pick(const Tensor& x, const Shape& shape, Source source) {
  Tensor y{shape, {}};
  for_each_index(shape, [&](const std::vector<std::size_t>& index) {
    y.elements.push_back(same_number(x.elements[broadcast_offset(x.shape, source(index))]));
  });
  return y;
}

}  // namespace

Tensor reshape(const Tensor& x, const List& shape) {
  std::size_t others = 1;
  for (const std::ptrdiff_t extent : shape) {
    others *= extent < 0 ? 1 : static_cast<std::size_t>(extent);
  }
  Tensor y{{}, {}};
  std::transform(x.elements.begin(), x.elements.end(), std::back_inserter(y.elements), same_number);
  for (const std::ptrdiff_t extent : shape) {
    y.shape.push_back(extent < 0 ? x.elements.size() / others : static_cast<std::size_t>(extent));
  }
  return y;
}
Tensor transpose(const Tensor& x, std::ptrdiff_t a, std::ptrdiff_t b) {
  const std::size_t first = from_front(a, x.shape.size()), second = from_front(b, x.shape.size());
  Shape shape = x.shape;
  std::swap(shape[first], shape[second]);
  return pick(x, shape, [=](std::vector<std::size_t> index) {
    std::swap(index[first], index[second]);
    return index;
  });
}
Tensor flip(const Tensor& x, const List& axes) {
  return pick(x, x.shape, [&](std::vector<std::size_t> index) {
    for (const std::ptrdiff_t each : axes) {
      const std::size_t axis = from_front(each, x.shape.size());
      index[axis] = x.shape[axis] - 1 - index[axis];
    }
    return index;
  });
}
Tensor permute(const Tensor& x, const List& axes) {
  Shape shape;
  for (const std::ptrdiff_t axis : axes) {
    shape.push_back(x.shape[from_front(axis, x.shape.size())]);
  }
  return pick(x, shape, [&](const std::vector<std::size_t>& index) {
    std::vector<std::size_t> source(index.size());
    for (std::size_t i = 0; i < axes.size(); ++i) {
      source[from_front(axes[i], axes.size())] = index[i];
    }
    return source;
  });
}
Tensor squeeze(const Tensor& x) {
  List axes;
  for (std::size_t axis = 0; axis < x.shape.size(); ++axis) {
    if (x.shape[axis] == 1) {
      axes.push_back(static_cast<std::ptrdiff_t>(axis));
    }
  }
  return squeeze(x, axes);
}
Tensor squeeze(const Tensor& x, const List& axes) { return sum(x, axes, false); }
Tensor unsqueeze(const Tensor& x, std::ptrdiff_t axis) {
  List shape(x.shape.begin(), x.shape.end());
  shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(from_front(axis, shape.size() + 1)), 1);
  return reshape(x, shape);
}
Tensor broadcast_to(const Tensor& x, const List& extents) {
  Shape shape;
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    const bool keeps = extents[axis] == -1;
    shape.push_back(keeps ? x.shape[axis + x.shape.size() - extents.size()]
                          : static_cast<std::size_t>(extents[axis]));
  }
  return pick(x, shape, [](const std::vector<std::size_t>& index) { return index; });
}
Tensor slice(const Tensor& x, std::ptrdiff_t begin, std::ptrdiff_t end, std::ptrdiff_t either,
             std::ptrdiff_t step) {
  const std::size_t axis = from_front(either, x.shape.size());
  const std::size_t first = from_front(begin, x.shape[axis]);
  const std::size_t last = end == to_end ? x.shape[axis] : from_front(end, x.shape[axis]);
  Shape shape = x.shape;
  shape[axis] = 0;
  for (std::size_t i = first; i < last; i += static_cast<std::size_t>(step)) {
    ++shape[axis];
  }
  return pick(x, shape, [=](std::vector<std::size_t> index) {
    index[axis] = first + index[axis] * static_cast<std::size_t>(step);
    return index;
  });
}
Tensor select(const Tensor& x, std::ptrdiff_t place, std::ptrdiff_t axis) {
  const auto first =
      static_cast<std::ptrdiff_t>(from_front(place, x.shape[from_front(axis, x.shape.size())]));
  return squeeze(slice(x, first, first + 1, axis), {axis});
}
Tensor gather(const Tensor& x, const std::vector<int>& rows, std::ptrdiff_t either) {
  const std::size_t axis = from_front(either, x.shape.size());
  Shape shape = x.shape;
  shape[axis] = rows.size();
  return pick(x, shape, [&](std::vector<std::size_t> index) {
    index[axis] = static_cast<std::size_t>(rows[index[axis]]);
    return index;
  });
}
Tensor scatter_add(const Tensor& x, const std::vector<int>& rows, const Tensor& values,
                   std::ptrdiff_t either) {
  const std::size_t axis = from_front(either, x.shape.size());
  Tensor y = pick(x, x.shape, [](const std::vector<std::size_t>& index) { return index; });
  std::size_t next = 0;
  for_each_index(values.shape, [&](std::vector<std::size_t> index) {
    index[axis] = static_cast<std::size_t>(rows[index[axis]]);
    Number& element = y.elements[broadcast_offset(y.shape, index)];
    const Number& value = values.elements[next++];
    element = make(element->value + value->value, {{element, 1}, {value, 1}});
  });
  return y;
}
Tensor concatenate(std::span<const Tensor> operands, std::ptrdiff_t either) {
  const std::size_t axis = from_front(either, operands[0].shape.size());
  Tensor y{operands[0].shape, {}};
  y.shape[axis] = 0;
  for (const Tensor& each : operands) {
    y.shape[axis] += each.shape[axis];
  }
  for_each_index(y.shape, [&](std::vector<std::size_t> index) {
    auto operand = operands.begin();
    for (; index[axis] >= operand->shape[axis]; ++operand) {
      index[axis] -= operand->shape[axis];
    }
    y.elements.push_back(same_number(operand->elements[broadcast_offset(operand->shape, index)]));
  });
  return y;
}
Tensor stack(std::span<const Tensor> operands, std::ptrdiff_t either) {
  const std::size_t axis = from_front(either, operands[0].shape.size() + 1);
  std::vector<Tensor> slices;
  for (const Tensor& each : operands) {
    List shape(each.shape.begin(), each.shape.end());
    shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(axis), 1);
    slices.push_back(reshape(each, shape));
  }
  return concatenate(slices, static_cast<std::ptrdiff_t>(axis));
}

namespace {

/// x where keeps(row, column), else 0.
template <class Keeps>
Tensor where(const Tensor& x, Keeps keeps) {
  Tensor y{x.shape, {}};
  for_each_index(x.shape, [&](const std::vector<std::size_t>& index) {
    const auto row = static_cast<std::ptrdiff_t>(index[index.size() - 2]);
    const auto column = static_cast<std::ptrdiff_t>(index.back());
    y.elements.push_back(keeps(row, column) ? same_number(x.elements[y.elements.size()]) : make(0));
  });
  return y;
}

}  // namespace

Tensor tril(const Tensor& x, std::ptrdiff_t offset) {
  return where(x,
               [=](std::ptrdiff_t row, std::ptrdiff_t column) { return column - row <= offset; });
}
Tensor triu(const Tensor& x, std::ptrdiff_t offset) {
  return where(x,
               [=](std::ptrdiff_t row, std::ptrdiff_t column) { return column - row >= offset; });
}
Tensor diagonal(const Tensor& x, std::ptrdiff_t offset) {
  Tensor y{Shape(x.shape.begin(), x.shape.end() - 2), {}};
  y.shape.push_back(0);
  const auto rows = static_cast<std::ptrdiff_t>(x.shape[x.shape.size() - 2]);
  for (std::ptrdiff_t row = 0; row < rows; ++row) {
    const std::ptrdiff_t column = row + offset;
    y.shape.back() += column >= 0 && column < static_cast<std::ptrdiff_t>(x.shape.back()) ? 1 : 0;
  }
  const auto down = static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, -offset));
  const auto right = static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, offset));
  return pick(x, y.shape, [=](std::vector<std::size_t> index) {
    index.push_back(index.back() + right);
    index[index.size() - 2] += down;
    return index;
  });
}
Tensor diag(const Tensor& x, std::ptrdiff_t offset) {
  const auto size = x.shape.back() + static_cast<std::size_t>(std::abs(offset));
  Tensor y{Shape(x.shape.begin(), x.shape.end() - 1), {}};
  y.shape.push_back(size);
  y.shape.push_back(size);
  for_each_index(y.shape, [&](std::vector<std::size_t> index) {
    const auto row = static_cast<std::ptrdiff_t>(index[index.size() - 2]);
    const auto column = static_cast<std::ptrdiff_t>(index.back());
    const std::ptrdiff_t place = offset > 0 ? row : column;
    if (column - row != offset) {
      y.elements.push_back(make(0));
      return;
    }
    index.pop_back();
    index.back() = static_cast<std::size_t>(place);
    y.elements.push_back(same_number(x.elements[broadcast_offset(x.shape, index)]));
  });
  return y;
}

}  // namespace xtape::plain
