#include "autograd/ops/einsum.hpp"

#include <algorithm>
#include <iterator>
#include <string>

#include "autograd/ops/arithmetic.hpp"
#include "autograd/ops/matrix.hpp"
#include "autograd/ops/moved.hpp"
#include "autograd/ops/reductions.hpp"
#include "autograd/ops/shaping.hpp"

namespace xtape {
namespace {

using Labels = std::string;

bool holds(std::string_view labels, char label) {
  return labels.find(label) != std::string_view::npos;
}

/// Returns the labels that `keeps` keeps, in order.
template <class Keeps>
Labels filtered(std::string_view labels, Keeps keeps) {
  Labels result;
  std::copy_if(labels.begin(), labels.end(), std::back_inserter(result), keeps);
  return result;
}

/// An equation, without spaces.
struct Equation {
  Labels operands;  ///< The labels of all operands, with commas between them.
  Labels result;

  /// Returns the labels of the result, and those of all operands after operand `i`.
  Labels wanted_after(std::size_t i) const {
    const std::string_view last = operand(i);
    return result +
           operands.substr(static_cast<std::size_t>(last.data() - operands.data()) + last.size());
  }

  /// Returns the labels of operand `i`.
  std::string_view operand(std::size_t i) const {
    std::string_view rest = operands;
    for (; i > 0; --i) {
      rest.remove_prefix(rest.find(',') + 1);
    }
    return rest.substr(0, rest.find(','));
  }
};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Reads an equation for a number of operands. Throws ValueError if it cannot be read.
Equation read_equation(std::string_view text, std::size_t count) {
  const Labels all = filtered(text, [](char c) { return c != ' '; });
  const std::size_t arrow = all.find("->");
  Equation equation{all.substr(0, arrow), {}};
  const auto operands = static_cast<std::size_t>(
      std::count(equation.operands.begin(), equation.operands.end(), ',') + 1);
  require<ValueError>(operands == count, "einsum: '{}' has {} operands, got {}", text, operands,
                      count);
  if (arrow != Labels::npos) {
    equation.result = all.substr(arrow + 2);
  } else {
    equation.result = filtered(equation.operands, [&](char c) {
      return c != ',' && std::count(equation.operands.begin(), equation.operands.end(), c) == 1;
    });
    std::sort(equation.result.begin(), equation.result.end());
  }
  for (const char c : equation.operands + equation.result) {
    require<ValueError>(is_letter(c) || c == ',', "einsum: '{}' is not an index, in '{}'", c, text);
  }
  for (const char c : equation.result) {
    require<ValueError>(holds(equation.operands, c) && c != ',',
                        "einsum: index {} of the result is in no operand of '{}'", c, text);
    require<ValueError>(std::count(equation.result.begin(), equation.result.end(), c) == 1,
                        "einsum: index {} is twice in the result of '{}'", c, text);
  }
  return equation;
}

/// Returns the extent of an index in all operands. Throws ShapeError if they do not fit.
template <class T>
std::size_t extent_of(char label, const Equation& equation, std::span<const Variable<T>> operands) {
  std::size_t extent = 1, where = 0;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const std::string_view labels = equation.operand(i);
    for (std::size_t axis = 0; axis < labels.size(); ++axis) {
      const std::size_t own = operands[i].shape()[axis];
      if (labels[axis] != label || own == 1) {
        continue;
      }
      require<ShapeError>(extent == 1 || extent == own,
                          "einsum: index {} is {} in operand {} and {} in operand {}", label,
                          extent, where, own, i);
      extent = own;
      where = i;
    }
  }
  return extent;
}

/// A Variable with a label for each axis.
template <class T>
struct Labelled {
  Variable<T> x;
  Labels labels;

  std::size_t extent(char label) const { return x.shape()[labels.find(label)]; }
  std::size_t extent(std::string_view group) const {
    std::size_t product = 1;
    for (const char label : group) {
      product *= extent(label);
    }
    return product;
  }
};

/// Returns an operand with each label once: the diagonal of axes of one label, and without axes of
/// extent 1 along which it is repeated.
template <class T>
Labelled<T> with_single_labels(Variable<T> x, std::string_view labels, const Equation& equation,
                               std::span<const Variable<T>> operands) {
  Labels single;
  Shape shape;
  for (const char label : labels) {
    const std::size_t extent = extent_of(label, equation, operands);
    bool varies = extent == 1;
    for (std::size_t axis = 0; axis < labels.size(); ++axis) {
      varies = varies || (labels[axis] == label && x.shape()[axis] != 1);
    }
    if (varies && !holds(single, label)) {
      single += label;
      shape.push_back(extent);
    }
  }
  if (single == labels) {
    return {x, single};
  }
  const auto loops = detail::keep_loops(x.tape(), shape);
  for (std::size_t i = 0; i < single.size(); ++i) {
    loops[i].in_step = 0;
    for (std::size_t axis = 0; axis < labels.size(); ++axis) {
      const bool runs = labels[axis] == single[i] && x.shape()[axis] != 1;
      loops[i].in_step += runs ? detail::step_along(x.shape(), axis) : 0;
    }
  }
  return {detail::move_elements<T>("einsum", x, shape, loops), single};
}

/// Returns x summed over the labels that nothing else has.
template <class T>
Labelled<T> summed(const Labelled<T>& x, std::string_view kept) {
  Shape axes;
  for (std::size_t axis = 0; axis < x.labels.size(); ++axis) {
    if (!holds(kept, x.labels[axis])) {
      axes.push_back(axis);
    }
  }
  if (axes.empty()) {
    return x;
  }
  return {xtape::sum(x.x, Axes(axes)),
          filtered(x.labels, [=](char label) { return holds(kept, label); })};
}

/// Returns x with its axes in the order of `labels`.
template <class T>
Labelled<T> ordered(const Labelled<T>& x, const Labels& labels) {
  if (x.labels == labels) {
    return x;
  }
  Shape axes;
  for (const char label : labels) {
    axes.push_back(x.labels.find(label));
  }
  return {permute(x.x, Axes(axes)), labels};
}

/// Returns the products of all elements of a and b that agree in the labels of both.
template <class T>
Labelled<T> multiplied(const Labelled<T>& a, const Labelled<T>& b, const Labels& labels) {
  const auto spread = [&](const Labelled<T>& x) {
    const Labels own = filtered(labels, [&](char label) { return holds(x.labels, label); });
    const Labelled<T> in_order = ordered(x, own);
    Shape shape;
    for (const char label : labels) {
      shape.push_back(holds(own, label) ? in_order.extent(label) : 1);
    }
    return same_shape(shape, in_order.x.shape()) ? in_order.x : reshape(in_order.x, shape);
  };
  return {spread(a) * spread(b), labels};
}

/// A matrix that a product reads, maybe transposed.
template <class T>
struct Factor {
  Variable<T> x;
  Transpose transpose;
};

/// Returns x as a batch of matrices (rows, columns), which may lie in memory transposed.
template <class T>
Factor<T> as_matrices(const Labelled<T>& x, const Labels& batch, const Labels& rows,
                      const Labels& columns) {
  const bool lies_transposed =
      x.labels == batch + columns + rows && x.labels != batch + rows + columns;
  const Labels& first = lies_transposed ? columns : rows;
  const Labels& second = lies_transposed ? rows : columns;
  const Labelled<T> in_order = ordered(x, batch + first + second);
  Shape shape;
  for (const char label : batch) {
    shape.push_back(x.extent(label));
  }
  shape.push_back(x.extent(std::string_view(first)));
  shape.push_back(x.extent(std::string_view(second)));
  return {same_shape(shape, in_order.x.shape()) ? in_order.x : reshape(in_order.x, shape),
          lies_transposed ? Transpose::yes : Transpose::no};
}

/// Returns the product of a and b, summed over the labels that are not kept, in any order of axes.
template <class T>
Labelled<T> contracted(const Labelled<T>& a, const Labelled<T>& b, std::string_view kept) {
  const auto in_both = [&](char label) { return holds(b.labels, label); };
  const auto is_kept = [&](char label) { return holds(kept, label); };
  const Labels batch = filtered(a.labels, [&](char l) { return in_both(l) && is_kept(l); });
  const Labels inner = filtered(a.labels, [&](char l) { return in_both(l) && !is_kept(l); });
  const Labels rows = filtered(a.labels, [&](char l) { return !in_both(l); });
  const Labels columns = filtered(b.labels, [&](char l) { return !holds(a.labels, l); });
  if (inner.empty() || (rows.empty() && columns.empty())) {
    return summed(multiplied(a, b, batch + rows + columns + inner), kept);
  }
  if (kept == batch + columns + rows && kept != batch + rows + columns) {
    return contracted(b, a, kept);
  }
  const Factor<T> left = as_matrices(a, batch, rows, inner);
  const Factor<T> right = as_matrices(b, batch, inner, columns);
  const Variable<T> y = detail::matmul(left.x, left.transpose, right.x, right.transpose);
  Shape shape;
  const Labels labels = batch + rows + columns;
  for (const char label : labels) {
    shape.push_back(holds(a.labels, label) ? a.extent(label) : b.extent(label));
  }
  return {same_shape(shape, y.shape()) ? y : reshape(y, shape), labels};
}

}  // namespace

template <class T>
Variable<T> einsum(std::string_view text, std::span<const Variable<T>> operands) {
  require<ValueError>(!operands.empty(), "einsum: expected at least one operand, got none");
  const Equation equation = read_equation(text, operands.size());
  for (std::size_t i = 0; i < operands.size(); ++i) {
    require<ShapeError>(equation.operand(i).size() == operands[i].shape().size(),
                        "einsum: operand {} has {} indices in '{}', and the shape {}", i,
                        equation.operand(i).size(), text, operands[i].shape());
  }
  for (const char label : equation.operands) {
    extent_of(label, equation, operands);  // or an error
  }
  return compose(operands.front().tape(), [&] {
    Labelled<T> y;
    for (std::size_t i = 0; i < operands.size(); ++i) {
      const Labels kept = equation.wanted_after(i);
      Labelled<T> next = with_single_labels(operands[i], equation.operand(i), equation, operands);
      next = summed(next, kept + y.labels);
      y = i == 0 ? next : contracted(summed(y, kept + next.labels), next, kept);
    }
    return ordered(y, equation.result).x;
  });
}

#define XTAPE_INSTANTIATE(T) \
  template Variable<T> einsum(std::string_view, std::span<const Variable<T>>)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
