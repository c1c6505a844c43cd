#include "autograd/ops/comparisons.hpp"

#include <cmath>
#include <functional>

#include "autograd/define.hpp"
#include "autograd/no_grad.hpp"
#include "autograd/ops/instantiate.hpp"
#include "tensor/elementwise.hpp"

namespace xtape {
namespace {

/// Records 1 where compare(a, b) holds, else 0. The value needs no gradient.
///@{
template <class T, class Compare>
Variable<T> mask_of(const char* op, Compare compare, Variable<T> a, Variable<T> b) {
  const auto holds = [=](T left, T right) {
    return compare(value_of(left), value_of(right)) ? T(1) : T(0);
  };
  const NoGrad<T> constant(a.tape());
  return record(op, {a, b}, elementwise(holds, a.value(), b.value()), {});
}
template <class T, class Compare>
Variable<T> mask_of(const char* op, Compare compare, Variable<T> a,
                    std::type_identity_t<Real<T>> b) {
  const auto holds = [=](T left) { return compare(value_of(left), b) ? T(1) : T(0); };
  const NoGrad<T> constant(a.tape());
  return record({op, {{"right", b}}}, {a}, elementwise(holds, a.value()), {});
}
///@}

}  // namespace

#define XTAPE_INSTANTIATE_COMPARISON(op, T)                   \
  template Variable<T> operator op(Variable<T>, Variable<T>); \
  template Variable<T> operator op<T>(Variable<T>, Real<T>);  \
  template Variable<T> operator op<T>(Real<T>, Variable<T>)
#ifdef XTAPE_FOR_NESTED_DUALS
#define XTAPE_INSTANTIATE_COMPARISONS(op) XTAPE_INSTANTIATE_COMPARISON(op, Dual<Dual<double>>)
#else
#define XTAPE_INSTANTIATE_COMPARISONS(op)        \
  XTAPE_INSTANTIATE_COMPARISON(op, XTAPE_FLOAT); \
  XTAPE_INSTANTIATE_COMPARISON(op, XTAPE_DOUBLE)
#endif
/// Defines a comparison. The same comparison from right to left is `op mirrored`.
#define XTAPE_COMPARISON(op, mirrored, name, compare)                       \
  template <class T>                                                        \
  Variable<T> operator op(Variable<T> a, Variable<T> b) {                   \
    return mask_of(name, compare<Real<T>>(), a, b);                         \
  }                                                                         \
  template <class T>                                                        \
  Variable<T> operator op(Variable<T> a, std::type_identity_t<Real<T>> b) { \
    return mask_of(name, compare<Real<T>>(), a, b);                         \
  }                                                                         \
  template <class T>                                                        \
  Variable<T> operator op(std::type_identity_t<Real<T>> a, Variable<T> b) { \
    return b mirrored a;                                                    \
  }                                                                         \
  XTAPE_INSTANTIATE_COMPARISONS(op)
XTAPE_COMPARISON(>, <, "greater", std::greater);
XTAPE_COMPARISON(<, >, "less", std::less);
XTAPE_COMPARISON(>=, <=, "greater_equal", std::greater_equal);
XTAPE_COMPARISON(<=, >=, "less_equal", std::less_equal);
XTAPE_COMPARISON(==, ==, "equal", std::equal_to);
XTAPE_COMPARISON(!=, !=, "not_equal", std::not_equal_to);
#undef XTAPE_COMPARISON
#undef XTAPE_INSTANTIATE_COMPARISON

namespace {

/// Returns the operand that is before the other, or NaN. The tangent of equal operands is the mean
/// of theirs.
template <class Before, class T>
T first_of(T a, T b) {
  using std::isnan;
  if constexpr (is_dual<T>) {
    if (value_of(a) == value_of(b)) {
      if constexpr (is_nested_dual<T>) {
        return {first_of<Before>(a.value, b.value), (a.tangent + b.tangent) / 2};
      }
      return {b.value, (a.tangent + b.tangent) / 2};
    }
  }
  return Before()(a, b) || isnan(a) ? a : b;
}

/// Computes the gradient of an operand: dy, dy / 2 if the other one is equal, or 0 if the other one
/// is before it.
template <class Before>
struct Share {
  template <class T>
  T operator()(T own, T other, T dy) const {
    return value_of(own) == value_of(other) ? dy / Real<T>(2) : Before()(other, own) ? T(0) : dy;
  }
};

template <class Before, class T>
Variable<T> extreme(const char* op, Variable<T> a, Variable<T> b) {
  const auto value = [](T left, T right) { return first_of<Before>(left, right); };
  return define(
      op, {a, b}, elementwise(value, a.value(), b.value()),
      [=](auto y) { return elementwise(Share<Before>(), a.value(), b.value(), y.grad()); },
      [=](auto y) { return elementwise(Share<Before>(), b.value(), a.value(), y.grad()); });
}
template <class Before, class T>
Variable<T> extreme(const char* op, Variable<T> a, std::type_identity_t<Real<T>> b) {
  const auto value = [=](T each) { return first_of<Before>(each, T(b)); };
  return define({op, {{"right", b}}}, {a}, elementwise(value, a.value()), [=](auto y) {
    const auto share = [=](T own, T dy) { return Share<Before>()(own, T(b), dy); };
    return elementwise(share, a.value(), y.grad());
  });
}

}  // namespace

template <class T>
Variable<T> maximum(Variable<T> a, Variable<T> b) {
  return extreme<std::greater<T>>("maximum", a, b);
}
template <class T>
Variable<T> maximum(Variable<T> a, std::type_identity_t<Real<T>> b) {
  return extreme<std::greater<T>>("maximum", a, b);
}
template <class T>
Variable<T> maximum(std::type_identity_t<Real<T>> a, Variable<T> b) {
  return maximum(b, a);
}

template <class T>
Variable<T> minimum(Variable<T> a, Variable<T> b) {
  return extreme<std::less<T>>("minimum", a, b);
}
template <class T>
Variable<T> minimum(Variable<T> a, std::type_identity_t<Real<T>> b) {
  return extreme<std::less<T>>("minimum", a, b);
}
template <class T>
Variable<T> minimum(std::type_identity_t<Real<T>> a, Variable<T> b) {
  return minimum(b, a);
}

template <class T>
Variable<T> clip(Variable<T> x, std::type_identity_t<Real<T>> low,
                 std::type_identity_t<Real<T>> high) {
  require<ValueError>(low <= high, "clip: expected bounds low <= high, got {} and {}", low, high);
  const auto value = [=](T a) {
    if constexpr (is_nested_dual<T>) {
      return a < low ? T(low) : a > high ? T(high) : a > low && a < high ? a : T(value_of(a));
    } else if constexpr (is_dual<T>) {
      a.tangent = a > low && a < high ? a.tangent : 0;  // as in reverse, also at the bounds
    }
    return a < low ? T(low) : a > high ? T(high) : a;
  };
  return define({"clip", {{"low", low}, {"high", high}}}, {x}, elementwise(value, x.value()),
                [=](auto y) {
                  const auto slope = [=](T a, T dy) { return a > low && a < high ? dy : T(0); };
                  return elementwise(slope, x.value(), y.grad());
                });
}

namespace {

/// Passes dy on to the operand that was chosen where the mask is not 0, and to the other operand
/// where it is 0.
///@{
template <class T>
void pass_chosen(Variable<T> mask, Variable<T> a, Variable<T> y) {
  const auto share = [](T m, T dy) { return value_of(m) != Real<T>(0) ? dy : T(0); };
  accumulate(a, elementwise(share, mask.value(), y.grad()));
}
template <class T>
void pass_other(Variable<T> mask, Variable<T> b, Variable<T> y) {
  const auto share = [](T m, T dy) { return value_of(m) != Real<T>(0) ? T(0) : dy; };
  accumulate(b, elementwise(share, mask.value(), y.grad()));
}
///@}

}  // namespace

template <class T>
Variable<T> where(Variable<T> mask, Variable<T> a, Variable<T> b) {
  const auto choose = [](T m, T left, T right) { return value_of(m) != Real<T>(0) ? left : right; };
  return record("where", {mask, a, b}, elementwise(choose, mask.value(), a.value(), b.value()),
                [=](Variable<T> y) {
                  pass_chosen(mask, a, y);
                  pass_other(mask, b, y);
                });
}
template <class T>
Variable<T> where(Variable<T> mask, Variable<T> a, std::type_identity_t<Real<T>> b) {
  const auto choose = [=](T m, T left) { return value_of(m) != Real<T>(0) ? left : T(b); };
  return record({"where", {{"right", b}}}, {mask, a}, elementwise(choose, mask.value(), a.value()),
                [=](Variable<T> y) { pass_chosen(mask, a, y); });
}
template <class T>
Variable<T> where(Variable<T> mask, std::type_identity_t<Real<T>> a, Variable<T> b) {
  const auto choose = [=](T m, T right) { return value_of(m) != Real<T>(0) ? T(a) : right; };
  return record({"where", {{"left", a}}}, {mask, b}, elementwise(choose, mask.value(), b.value()),
                [=](Variable<T> y) { pass_other(mask, b, y); });
}

XTAPE_BINARY(maximum);
XTAPE_BINARY(minimum);
#define XTAPE_INSTANTIATE(T)                                                              \
  template Variable<T> maximum<T>(Variable<T>, std::type_identity_t<Real<T>>);            \
  template Variable<T> maximum<T>(std::type_identity_t<Real<T>>, Variable<T>);            \
  template Variable<T> minimum<T>(Variable<T>, std::type_identity_t<Real<T>>);            \
  template Variable<T> minimum<T>(std::type_identity_t<Real<T>>, Variable<T>);            \
  template Variable<T> clip<T>(Variable<T>, std::type_identity_t<Real<T>>,                \
                               std::type_identity_t<Real<T>>);                            \
  template Variable<T> where(Variable<T>, Variable<T>, Variable<T>);                      \
  template Variable<T> where<T>(Variable<T>, Variable<T>, std::type_identity_t<Real<T>>); \
  template Variable<T> where<T>(Variable<T>, std::type_identity_t<Real<T>>, Variable<T>)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
