#include "autograd/ops/math.hpp"

#include <cmath>

#include "autograd/record.hpp"
#include "tensor/elementwise.hpp"

namespace xtape {

template <class T>
Variable<T> exp(Variable<T> x) {
  return record("exp", {x}, xt::exp(x.value()),
                [=](Variable<T> y) { accumulate(x, y.grad() * y.value()); });
}

template <class T>
Variable<T> log(Variable<T> x) {
  return record("log", {x}, xt::log(x.value()),
                [=](Variable<T> y) { accumulate(x, y.grad() / x.value()); });
}

template <class T>
Variable<T> sqrt(Variable<T> x) {
  return record("sqrt", {x}, xt::sqrt(x.value()),
                [=](Variable<T> y) { accumulate(x, y.grad() / (T(2) * y.value())); });
}

template <class T>
Variable<T> square(Variable<T> x) {
  return record("square", {x}, x.value() * x.value(),
                [=](Variable<T> y) { accumulate(x, T(2) * x.value() * y.grad()); });
}

template <class T>
Variable<T> pow(Variable<T> x, std::type_identity_t<T> exponent) {
  // std::pow to the last bit, where the vectorised one loses several for large exponents.
  const auto power = [=](T base) { return std::pow(base, exponent); };
  return record("pow", {x}, elementwise(power, x.value()), [=](Variable<T> y) {
    const auto slope = [=](T base, T dy) {
      return exponent == T(0) ? T(0) : exponent * std::pow(base, exponent - T(1)) * dy;
    };
    accumulate(x, elementwise(slope, x.value(), y.grad()));
  });
}

template <class T>
Variable<T> abs(Variable<T> x) {
  return record("abs", {x}, xt::abs(x.value()), [=](Variable<T> y) {
    const auto slope = [](T value, T dy) {
      return value > T(0) ? dy : value < T(0) ? -dy : T(0) * value;
    };
    accumulate(x, elementwise(slope, x.value(), y.grad()));
  });
}

#define XTAPE_INSTANTIATE(T)                                         \
  template Variable<T> exp(Variable<T>);                             \
  template Variable<T> log(Variable<T>);                             \
  template Variable<T> sqrt(Variable<T>);                            \
  template Variable<T> square(Variable<T>);                          \
  template Variable<T> pow<T>(Variable<T>, std::type_identity_t<T>); \
  template Variable<T> abs(Variable<T>)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
