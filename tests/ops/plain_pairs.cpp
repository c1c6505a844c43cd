#include <cmath>
#include <functional>

#include "tests/ops/plain.hpp"

// Comparisons, and functions of two operands.

namespace xtape::plain {
namespace {

template <class Compare>
Tensor compared(const Tensor& a, const Tensor& b, Compare) {
  return paired(a, b, [](const Number& left, const Number& right) {
    return make(Compare()(left->value, right->value) ? 1 : 0);
  });
}

/// The slope of an extreme in `own`, which is chosen if it is `first`.
double share(bool first, const Number& own, const Number& other) {
  return own->value == other->value ? 0.5 : first ? 1 : 0;
}

}  // namespace

Tensor operator>(const Tensor& a, const Tensor& b) { return compared(a, b, std::greater<>()); }
Tensor operator<(const Tensor& a, const Tensor& b) { return compared(a, b, std::less<>()); }
Tensor operator>=(const Tensor& a, const Tensor& b) {
  return compared(a, b, std::greater_equal<>());
}
Tensor operator<=(const Tensor& a, const Tensor& b) { return compared(a, b, std::less_equal<>()); }
Tensor operator==(const Tensor& a, const Tensor& b) { return compared(a, b, std::equal_to<>()); }
Tensor operator!=(const Tensor& a, const Tensor& b) {
  return compared(a, b, std::not_equal_to<>());
}
Tensor operator>(const Tensor& a, double b) { return a > leaf(Shape{}, {b}); }
Tensor operator!=(const Tensor& a, double b) { return a != leaf(Shape{}, {b}); }

Tensor maximum(const Tensor& x, const Tensor& y) {
  return paired(x, y, [](const Number& a, const Number& b) {
    const bool first = a->value > b->value;
    return make(std::max(a->value, b->value), {{a, share(first, a, b)}, {b, share(!first, b, a)}});
  });
}
Tensor minimum(const Tensor& x, const Tensor& y) {
  return paired(x, y, [](const Number& a, const Number& b) {
    const bool first = a->value < b->value;
    return make(std::min(a->value, b->value), {{a, share(first, a, b)}, {b, share(!first, b, a)}});
  });
}

Tensor where(const Tensor& mask, const Tensor& x, const Tensor& y) {
  const auto choose = [](const Number& m, const Number& a) {
    return make(m->value != 0 ? a->value : 0, {{a, m->value != 0 ? 1 : 0}});
  };
  const auto choose_other = [](const Number& m, const Number& b) {
    return make(m->value != 0 ? 0 : b->value, {{b, m->value != 0 ? 0 : 1}});
  };
  return paired(mask, x, choose) + paired(mask, y, choose_other);
}

Tensor pow(const Tensor& x, const Tensor& y) {
  return paired(x, y, [](const Number& a, const Number& b) {
    const double value = std::pow(a->value, b->value);
    return make(value, {{a, b->value * value / a->value}, {b, value * std::log(a->value)}});
  });
}

Tensor atan2(const Tensor& x, const Tensor& y) {
  return paired(x, y, [](const Number& a, const Number& b) {
    const double square = a->value * a->value + b->value * b->value;
    return make(std::atan2(a->value, b->value), {{a, b->value / square}, {b, -a->value / square}});
  });
}

}  // namespace xtape::plain
