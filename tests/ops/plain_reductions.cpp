#include <cmath>
#include <numeric>

#include "tests/ops/plain.hpp"

// Reductions other than sums and extremes.

namespace xtape::plain {
namespace {

using Numbers = std::vector<Number>;

/// The sum of f(x) over the list.
template <class F>
double total(const Numbers& list, F f) {
  return std::accumulate(list.begin(), list.end(), 0.0,
                         [&](double sum, const Number& x) { return sum + f(x->value); });
}

/// A number that comes from the whole list, with slope(x) for each x.
template <class Slope>
Number from_all(double value, const Numbers& list, Slope slope) {
  std::vector<std::pair<Number, double>> from;
  for (const Number& x : list) {
    from.emplace_back(x, slope(x->value));
  }
  return make(value, std::move(from));
}

}  // namespace

Tensor prod(const Tensor& x, const List& axes, bool keepdims) {
  return reduced(x, axes, keepdims, [](const Numbers& list) {
    Number product = make(1);
    for (const Number& each : list) {
      product =
          make(product->value * each->value, {{product, each->value}, {each, product->value}});
    }
    return product;
  });
}

Tensor var(const Tensor& x, const List& axes, bool keepdims, double correction) {
  return reduced(x, axes, keepdims, [=](const Numbers& list) {
    const auto count = static_cast<double>(list.size());
    const double mean = total(list, [](double a) { return a; }) / count;
    const double squares = total(list, [=](double a) { return (a - mean) * (a - mean); });
    return from_all(squares / (count - correction), list,
                    [=](double a) { return 2 * (a - mean) / (count - correction); });
  });
}

Tensor norm(const Tensor& x, const List& axes, bool keepdims) {
  return reduced(x, axes, keepdims, [](const Numbers& list) {
    const double length = std::sqrt(total(list, [](double a) { return a * a; }));
    return from_all(length, list, [=](double a) { return length == 0 ? 0 : a / length; });
  });
}

Tensor logsumexp(const Tensor& x, const List& axes, bool keepdims) {
  return reduced(x, axes, keepdims, [](const Numbers& list) {
    const double sum = total(list, [](double a) { return std::exp(a); });
    return from_all(std::log(sum), list, [=](double a) { return std::exp(a) / sum; });
  });
}

Tensor cumsum(const Tensor& x, std::ptrdiff_t axis) {
  const std::size_t extent = x.shape[from_front(axis, x.shape.size())];
  std::vector<Tensor> sums;
  for (std::size_t i = 0; i < extent; ++i) {
    sums.push_back(sum(slice(x, 0, static_cast<std::ptrdiff_t>(i + 1), axis), {axis}, true));
  }
  return extent == 0 ? x : concatenate(sums, axis);
}

}  // namespace xtape::plain
