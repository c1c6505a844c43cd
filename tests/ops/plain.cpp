#include "tests/ops/plain.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "tests/support/arrays.hpp"

namespace xtape::plain {

Number make(double value, std::vector<std::pair<Number, double>> from) {
  return std::make_shared<Step>(Step{value, std::move(from)});
}

namespace {

Number add(const Number& a, const Number& b) { return make(a->value + b->value, {{a, 1}, {b, 1}}); }
Number multiply(const Number& a, const Number& b) {
  return make(a->value * b->value, {{a, b->value}, {b, a->value}});
}
Number scale(const Number& a, double by) { return make(a->value * by, {{a, by}}); }
Number subtract(const Number& a, const Number& b) { return add(a, scale(b, -1)); }
Number inverse(const Number& a) { return make(1 / a->value, {{a, -1 / (a->value * a->value)}}); }
Number divide(const Number& a, const Number& b) { return multiply(a, inverse(b)); }
Number exp(const Number& a) { return make(std::exp(a->value), {{a, std::exp(a->value)}}); }
Number log(const Number& a) { return make(std::log(a->value), {{a, 1 / a->value}}); }
Number zero() { return make(0); }

/// The same number, but one of its own: it has the gradient of this place only.
Number copy(const Number& a) { return scale(a, 1); }

/// Post-order: each number after those it came from.
void visit(const Number& number, std::vector<Step*>& order) {
  if (!std::exchange(number->visited, true)) {
    for (const auto& [parent, slope] : number->from) {
      visit(parent, order);
    }
    order.push_back(number.get());
  }
}

template <class F>
Tensor each(const Tensor& x, F f) {
  Tensor y{x.shape, {}};
  for (const Number& element : x.elements) {
    y.elements.push_back(f(element));
  }
  return y;
}

template <class F>
Tensor broadcast(const Tensor& a, const Tensor& b, F f) {
  const std::size_t rank = std::max(a.shape.size(), b.shape.size());
  Tensor y{Shape(rank), {}};
  const auto extent = [&](const Shape& shape, std::size_t axis) {
    return axis + shape.size() < rank ? 1 : shape[axis + shape.size() - rank];
  };
  for (std::size_t axis = 0; axis < rank; ++axis) {
    const std::size_t of_a = extent(a.shape, axis), of_b = extent(b.shape, axis);
    y.shape[axis] = of_a == 1 ? of_b : of_a;
  }
  for_each_index(y.shape, [&](const std::vector<std::size_t>& index) {
    y.elements.push_back(f(a.elements[broadcast_offset(a.shape, index)],
                           b.elements[broadcast_offset(b.shape, index)]));
  });
  return y;
}

std::size_t from_front(std::ptrdiff_t axis, std::size_t extent) {
  return static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::ptrdiff_t>(extent) : axis);
}

/// What combine makes of the elements over the axes, given as a list, for each place of the others.
template <class Combine>
Tensor over(const Tensor& x, const List& axes, bool keepdims, Combine combine) {
  Shape kept = x.shape;
  for (const std::ptrdiff_t axis : axes) {
    kept[from_front(axis, kept.size())] = 1;
  }
  std::vector<std::vector<Number>> lists(element_count(kept));
  for_each_index(x.shape, [&](const std::vector<std::size_t>& index) {
    lists[broadcast_offset(kept, index)].push_back(x.elements[broadcast_offset(x.shape, index)]);
  });
  Tensor y{{}, {}};
  for (const auto& list : lists) {
    y.elements.push_back(combine(list));
  }
  for (std::size_t axis = 0; axis < kept.size(); ++axis) {
    const bool reduced = std::any_of(axes.begin(), axes.end(), [&](std::ptrdiff_t each) {
      return from_front(each, kept.size()) == axis;
    });
    if (keepdims || !reduced) {
      y.shape.push_back(kept[axis]);
    }
  }
  return y;
}

Number total(const std::vector<Number>& list) {
  Number result = zero();
  for (const Number& each : list) {
    result = add(result, each);
  }
  return result;
}

Number average(const std::vector<Number>& list) {
  return scale(total(list), 1 / static_cast<double>(list.size()));
}

/// The first of the numbers that none is `before`.
template <class Before>
auto extreme(Before before) {
  return [=](const std::vector<Number>& list) {
    return copy(*std::min_element(list.begin(), list.end(), [=](const Number& a, const Number& b) {
      return before(a->value, b->value);
    }));
  };
}
const auto largest = extreme(std::greater<>());
const auto smallest = extreme(std::less<>());

/// The element of `x` at source(index), for each index of `shape`.
template <class Source>
Tensor pick(const Tensor& x, const Shape& shape, Source source) {
  Tensor y{shape, {}};
  for_each_index(shape, [&](const std::vector<std::size_t>& index) {
    y.elements.push_back(copy(x.elements[broadcast_offset(x.shape, source(index))]));
  });
  return y;
}

Tensor scalar(const Number& number) { return {Shape{}, {number}}; }

}  // namespace

void differentiate(const Number& result) {
  std::vector<Step*> order;
  visit(result, order);
  result->grad = 1;
  for (auto step = order.rbegin(); step != order.rend(); ++step) {
    for (const auto& [parent, slope] : (*step)->from) {
      parent->grad += slope * (*step)->grad;
    }
  }
}

Tensor leaf(const Shape& shape, const std::vector<double>& values) {
  Tensor x{shape, {}};
  for (const double value : values) {
    x.elements.push_back(make(value));
  }
  return x;
}

Tensor operator+(const Tensor& a, const Tensor& b) { return broadcast(a, b, add); }
Tensor operator-(const Tensor& a, const Tensor& b) { return broadcast(a, b, subtract); }
Tensor operator*(const Tensor& a, const Tensor& b) { return broadcast(a, b, multiply); }
Tensor operator/(const Tensor& a, const Tensor& b) { return broadcast(a, b, divide); }
Tensor operator*(const Tensor& a, double b) {
  return each(a, [=](const Number& x) { return scale(x, b); });
}

Tensor each(const Tensor& x, Loop* values, SlopeLoop* slopes) {
  return each(x, [=](const Number& a) {
    double value = 0, slope = 0;
    values(&a->value, &value, 1);
    slopes(&a->value, &value, &slope, 1);
    return make(value, {{a, slope}});
  });
}

Tensor matmul(const Tensor& a, const Tensor& b) {
  const std::size_t rows = a.shape[0], inner = a.shape[1], columns = b.shape[1];
  Tensor y{Shape{rows, columns}, {}};
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      Number element = zero();
      for (std::size_t k = 0; k < inner; ++k) {
        element = add(element, multiply(a.elements[i * inner + k], b.elements[k * columns + j]));
      }
      y.elements.push_back(element);
    }
  }
  return y;
}
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return matmul(x, weight) + bias;
}

Tensor sum(const Tensor& x) { return scalar(total(x.elements)); }
Tensor sum(const Tensor& x, const List& axes, bool keepdims) {
  return over(x, axes, keepdims, total);
}
Tensor mean(const Tensor& x) { return scalar(average(x.elements)); }
Tensor mean(const Tensor& x, const List& axes, bool keepdims) {
  return over(x, axes, keepdims, average);
}
Tensor max(const Tensor& x) { return scalar(largest(x.elements)); }
Tensor max(const Tensor& x, const List& axes, bool keepdims) {
  return over(x, axes, keepdims, largest);
}
Tensor min(const Tensor& x) { return scalar(smallest(x.elements)); }
Tensor min(const Tensor& x, const List& axes, bool keepdims) {
  return over(x, axes, keepdims, smallest);
}

Tensor reshape(const Tensor& x, const List& shape) {
  std::size_t others = 1;
  for (const std::ptrdiff_t extent : shape) {
    others *= extent < 0 ? 1 : static_cast<std::size_t>(extent);
  }
  Tensor y = each(x, copy);
  y.shape = Shape();
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
Tensor slice(const Tensor& x, std::ptrdiff_t begin, std::ptrdiff_t end, std::ptrdiff_t either) {
  const std::size_t axis = from_front(either, x.shape.size());
  const std::size_t first = from_front(begin, x.shape[axis]);
  Shape shape = x.shape;
  shape[axis] = from_front(end, x.shape[axis]) - first;
  return pick(x, shape, [=](std::vector<std::size_t> index) {
    index[axis] += first;
    return index;
  });
}
Tensor gather(const Tensor& x, const std::vector<int>& rows) {
  Shape shape = x.shape;
  shape[0] = rows.size();
  return pick(x, shape, [&](std::vector<std::size_t> index) {
    index[0] = static_cast<std::size_t>(rows[index[0]]);
    return index;
  });
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
    y.elements.push_back(copy(operand->elements[broadcast_offset(operand->shape, index)]));
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

Tensor softmax(const Tensor& x) {
  const Tensor powers = each(x, exp);
  return powers / sum(powers, {-1}, true);
}
Tensor log_softmax(const Tensor& x) { return x - each(sum(each(x, exp), {-1}, true), log); }

Tensor softmax_cross_entropy(const Tensor& logits, const std::vector<int>& labels,
                             Reduction reduction, double smoothing) {
  const Tensor logs = log_softmax(logits);
  Number loss = zero();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto label = static_cast<std::size_t>(labels[i]);
    loss = subtract(loss, scale(logs.elements[i * logits.shape[1] + label], 1 - smoothing));
  }
  if (smoothing > 0) {
    const double share = smoothing / static_cast<double>(logits.shape[1]);
    loss = subtract(loss, scale(sum(logs).elements[0], share));
  }
  return scalar(
      scale(loss, reduction == Reduction::mean ? 1 / static_cast<double>(labels.size()) : 1));
}
Tensor softmax_cross_entropy(const Tensor& logits, const Tensor& targets, Reduction reduction,
                             double smoothing) {
  const double rows = reduction == Reduction::mean ? static_cast<double>(logits.shape[0]) : 1;
  const double share = smoothing / static_cast<double>(logits.shape[1]);
  const Tensor logs = log_softmax(logits);
  return (sum(targets * logs) * (1 - smoothing) + sum(logs) * share) * (-1 / rows);
}
Tensor mse(const Tensor& prediction, const Tensor& target, Reduction reduction) {
  const Tensor errors = prediction - target, squares = errors * errors;
  return reduction == Reduction::mean ? mean(squares) : sum(squares);
}

Tensor dropout(const Tensor& x, double rate, Rng& rng) {
  return each(x, [&](const Number& a) {
    return rate == 0 || rng.uniform() >= rate ? scale(a, 1 / (1 - rate)) : scale(a, 0);
  });
}

}  // namespace xtape::plain
