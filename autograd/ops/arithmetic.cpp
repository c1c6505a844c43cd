#include "autograd/ops/arithmetic.hpp"

#include "autograd/record.hpp"

namespace xtape {

template <class T>
Variable<T> operator+(Variable<T> a, Variable<T> b) {
  return record("add", {a, b}, a.value() + b.value(), [=](Variable<T> y) {
    accumulate(a, y.grad());
    accumulate(b, y.grad());
  });
}

template <class T>
Variable<T> operator+(Variable<T> a, std::type_identity_t<T> b) {
  return record("add", {a}, a.value() + b, [=](Variable<T> y) { accumulate(a, y.grad()); });
}

template <class T>
Variable<T> operator+(std::type_identity_t<T> a, Variable<T> b) {
  return b + a;
}

template <class T>
Variable<T> operator-(Variable<T> a, Variable<T> b) {
  return record("subtract", {a, b}, a.value() - b.value(), [=](Variable<T> y) {
    accumulate(a, y.grad());
    accumulate(b, -y.grad());
  });
}

template <class T>
Variable<T> operator-(Variable<T> a, std::type_identity_t<T> b) {
  return record("subtract", {a}, a.value() - b, [=](Variable<T> y) { accumulate(a, y.grad()); });
}

template <class T>
Variable<T> operator-(std::type_identity_t<T> a, Variable<T> b) {
  return record("subtract", {b}, a - b.value(), [=](Variable<T> y) { accumulate(b, -y.grad()); });
}

template <class T>
Variable<T> operator*(Variable<T> a, Variable<T> b) {
  return record("multiply", {a, b}, a.value() * b.value(), [=](Variable<T> y) {
    accumulate(a, y.grad() * b.value());
    accumulate(b, y.grad() * a.value());
  });
}

template <class T>
Variable<T> operator*(Variable<T> a, std::type_identity_t<T> b) {
  return record("multiply", {a}, a.value() * b,
                [=](Variable<T> y) { accumulate(a, y.grad() * b); });
}

template <class T>
Variable<T> operator*(std::type_identity_t<T> a, Variable<T> b) {
  return b * a;
}

template <class T>
Variable<T> operator/(Variable<T> a, Variable<T> b) {
  return record("divide", {a, b}, a.value() / b.value(), [=](Variable<T> y) {
    accumulate(a, y.grad() / b.value());
    accumulate(b, -y.grad() * y.value() / b.value());
  });
}

template <class T>
Variable<T> operator/(Variable<T> a, std::type_identity_t<T> b) {
  return record("divide", {a}, a.value() / b, [=](Variable<T> y) { accumulate(a, y.grad() / b); });
}

template <class T>
Variable<T> operator/(std::type_identity_t<T> a, Variable<T> b) {
  return record("divide", {b}, a / b.value(),
                [=](Variable<T> y) { accumulate(b, -y.grad() * y.value() / b.value()); });
}

template <class T>
Variable<T> operator-(Variable<T> x) {
  return record("negate", {x}, -x.value(), [=](Variable<T> y) { accumulate(x, -y.grad()); });
}

#define XTAPE_INSTANTIATE_BINARY(T, op)                                      \
  template Variable<T> operator op(Variable<T>, Variable<T>);                \
  template Variable<T> operator op<T>(Variable<T>, std::type_identity_t<T>); \
  template Variable<T> operator op<T>(std::type_identity_t<T>, Variable<T>)
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
