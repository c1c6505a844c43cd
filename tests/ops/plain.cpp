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

Tensor paired(const Tensor& a, const Tensor& b, Number (*f)(const Number&, const Number&)) {
  return broadcast(a, b, f);
}
Tensor reduced(const Tensor& x, const List& axes, bool keepdims,
               const std::function<Number(const std::vector<Number>&)>& f) {
  return over(x, axes, keepdims, f);
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

Tensor softmax(const Tensor& x) {
  const Tensor powers = each(x, exp);
  return powers / sum(powers, {-1}, true);
}
Tensor log_softmax(const Tensor& x) { return x - each(sum(each(x, exp), {-1}, true), log); }

Tensor dropout(const Tensor& x, double rate, Rng& rng) {
  return each(x, [&](const Number& a) {
    return rate == 0 || rng.uniform() >= rate ? scale(a, 1 / (1 - rate)) : scale(a, 0);
  });
}

}  // namespace xtape::plain
