#include "autograd/ops/arithmetic.hpp"

#include "autograd/define.hpp"

namespace xtape {
namespace {

/// Returns the gradient of the result unchanged.
constexpr auto unchanged = [](auto y) -> const auto& { return y.grad(); };

}  // namespace

template <class T>
Variable<T> operator+(Variable<T> a, Variable<T> b) {
  return define("add", {a, b}, a.value() + b.value(), unchanged, unchanged);
}

template <class T>
Variable<T> operator+(Variable<T> a, std::type_identity_t<Real<T>> b) {
  return define({"add", {{"right", b}}}, {a}, a.value() + b, unchanged);
}

template <class T>
Variable<T> operator+(std::type_identity_t<Real<T>> a, Variable<T> b) {
  return b + a;
}

template <class T>
Variable<T> operator-(Variable<T> a, Variable<T> b) {
  return define("subtract", {a, b}, a.value() - b.value(), unchanged,
                [](auto y) { return -y.grad(); });
}

template <class T>
Variable<T> operator-(Variable<T> a, std::type_identity_t<Real<T>> b) {
  return define({"subtract", {{"right", b}}}, {a}, a.value() - b, unchanged);
}

template <class T>
Variable<T> operator-(std::type_identity_t<Real<T>> a, Variable<T> b) {
  return define({"subtract", {{"left", a}}}, {b}, a - b.value(), [](auto y) { return -y.grad(); });
}

template <class T>
Variable<T> operator*(Variable<T> a, Variable<T> b) {
  return define(
      "multiply", {a, b}, a.value() * b.value(), [=](auto y) { return y.grad() * b.value(); },
      [=](auto y) { return y.grad() * a.value(); });
}

template <class T>
Variable<T> operator*(Variable<T> a, std::type_identity_t<Real<T>> b) {
  return define({"multiply", {{"right", b}}}, {a}, a.value() * b,
                [=](auto y) { return y.grad() * b; });
}

template <class T>
Variable<T> operator*(std::type_identity_t<Real<T>> a, Variable<T> b) {
  return b * a;
}

template <class T>
Variable<T> operator/(Variable<T> a, Variable<T> b) {
  return define(
      "divide", {a, b}, a.value() / b.value(), [=](auto y) { return y.grad() / b.value(); },
      [=](auto y) { return -y.grad() * y.value() / b.value(); });
}

template <class T>
Variable<T> operator/(Variable<T> a, std::type_identity_t<Real<T>> b) {
  return define({"divide", {{"right", b}}}, {a}, a.value() / b,
                [=](auto y) { return y.grad() / b; });
}

template <class T>
Variable<T> operator/(std::type_identity_t<Real<T>> a, Variable<T> b) {
  return define({"divide", {{"left", a}}}, {b}, a / b.value(),
                [=](auto y) { return -y.grad() * y.value() / b.value(); });
}

template <class T>
Variable<T> operator-(Variable<T> x) {
  return define("negate", {x}, -x.value(), [](auto y) { return -y.grad(); });
}

#define XTAPE_INSTANTIATE_BINARY(T, op)                                            \
  template Variable<T> operator op(Variable<T>, Variable<T>);                      \
  template Variable<T> operator op<T>(Variable<T>, std::type_identity_t<Real<T>>); \
  template Variable<T> operator op<T>(std::type_identity_t<Real<T>>, Variable<T>)
#define XTAPE_INSTANTIATE(T)      \
  XTAPE_INSTANTIATE_BINARY(T, +); \
  XTAPE_INSTANTIATE_BINARY(T, -); \
  XTAPE_INSTANTIATE_BINARY(T, *); \
  XTAPE_INSTANTIATE_BINARY(T, /); \
  template Variable<T> operator-(Variable<T>)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE
#undef XTAPE_INSTANTIATE_BINARY

}  // namespace xtape
