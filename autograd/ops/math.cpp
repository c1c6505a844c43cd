#include "autograd/ops/math.hpp"

#include <cmath>

#include "autograd/define.hpp"
#include "autograd/ops/instantiate.hpp"
#include "tensor/elementwise.hpp"

namespace xtape {

template <class T>
Variable<T> exp(Variable<T> x) {
  return define("exp", {x}, xt::exp(x.value()), [](auto y) { return y.grad() * y.value(); });
}

template <class T>
Variable<T> log(Variable<T> x) {
  return define("log", {x}, xt::log(x.value()), [=](auto y) { return y.grad() / x.value(); });
}

template <class T>
Variable<T> log1p(Variable<T> x) {
  return define("log1p", {x}, xt::log1p(x.value()),
                [=](auto y) { return y.grad() / (T(1) + x.value()); });
}

template <class T>
Variable<T> sqrt(Variable<T> x) {
  return define("sqrt", {x}, xt::sqrt(x.value()),
                [](auto y) { return y.grad() / (T(2) * y.value()); });
}

template <class T>
Variable<T> square(Variable<T> x) {
  return define("square", {x}, x.value() * x.value(),
                [=](auto y) { return T(2) * x.value() * y.grad(); });
}

template <class T>
Variable<T> pow(Variable<T> x, std::type_identity_t<T> exponent) {
  // Like std::pow, accurate to the last bit. The vectorised power loses several bits for large
  // exponents.
  const auto power = [=](T base) { return std::pow(base, exponent); };
  return define({"pow", {{"exponent", exponent}}}, {x}, elementwise(power, x.value()), [=](auto y) {
    const auto slope = [=](T base, T dy) {
      return exponent == T(0) ? T(0) : exponent * std::pow(base, exponent - T(1)) * dy;
    };
    return elementwise(slope, x.value(), y.grad());
  });
}

template <class T>
Variable<T> abs(Variable<T> x) {
  return define("abs", {x}, xt::abs(x.value()), [=](auto y) {
    const auto slope = [](T value, T dy) {
      return value > T(0) ? dy : value < T(0) ? -dy : T(0) * value;
    };
    return elementwise(slope, x.value(), y.grad());
  });
}

template <class T>
Variable<T> sin(Variable<T> x) {
  return define("sin", {x}, xt::sin(x.value()),
                [=](auto y) { return y.grad() * xt::cos(x.value()); });
}

template <class T>
Variable<T> cos(Variable<T> x) {
  return define("cos", {x}, xt::cos(x.value()),
                [=](auto y) { return -y.grad() * xt::sin(x.value()); });
}

XTAPE_UNARY(exp);
XTAPE_UNARY(log);
XTAPE_UNARY(log1p);
XTAPE_UNARY(sqrt);
XTAPE_UNARY(square);
XTAPE_UNARY(abs);
XTAPE_UNARY(sin);
XTAPE_UNARY(cos);
template Variable<float> pow<float>(Variable<float>, float);
template Variable<double> pow<double>(Variable<double>, double);

}  // namespace xtape
