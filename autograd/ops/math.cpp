#include "autograd/ops/math.hpp"

#include <cmath>
#include <numbers>

#include "autograd/define.hpp"
#include "autograd/ops/instantiate.hpp"
#include "tensor/elementwise.hpp"

namespace xtape {

template <class T>
Variable<T> exp(Variable<T> x) {
  return define("exp", {x}, xt::exp(x.value()), [](auto y) { return y.grad() * y.value(); });
}

template <class T>
Variable<T> expm1(Variable<T> x) {
  using std::expm1;
  const auto value = [](T a) { return expm1(a); };
  return define("expm1", {x}, elementwise(value, x.value()),
                [=](auto y) { return y.grad() * xt::exp(x.value()); });  // y + 1 would cancel
}

template <class T>
Variable<T> log(Variable<T> x) {
  return define("log", {x}, xt::log(x.value()), [=](auto y) { return y.grad() / x.value(); });
}

template <class T>
Variable<T> log1p(Variable<T> x) {
  return define("log1p", {x}, xt::log1p(x.value()),
                [=](auto y) { return y.grad() / (Real<T>(1) + x.value()); });
}

template <class T>
Variable<T> sqrt(Variable<T> x) {
  return define("sqrt", {x}, xt::sqrt(x.value()),
                [](auto y) { return y.grad() / (Real<T>(2) * y.value()); });
}

template <class T>
Variable<T> square(Variable<T> x) {
  return define("square", {x}, x.value() * x.value(),
                [=](auto y) { return Real<T>(2) * x.value() * y.grad(); });
}

namespace {

/// Returns the gradient in the base of base^0, which is 0. If the exponent moves, it has a tangent.
template <class T>
T without_power([[maybe_unused]] Real<T> base, [[maybe_unused]] Real<T> speed,
                [[maybe_unused]] Real<T> dy) {
  if constexpr (is_dual<T>) {
    return {0, speed == 0 ? 0 : speed / base * dy};
  } else {
    return T(0);
  }
}

/// Computes the gradient of base^exponent in the base.
struct PowerSlope {
  template <class T, class Exponent>
  T operator()(T base, Exponent exponent, T dy) const {
    using std::pow;
    if constexpr (is_nested_dual<T>) {
      if (!detail::is_or_moves(exponent)) {
        return T(0);
      }
    } else if (value_of(exponent) == Real<T>(0)) {
      return without_power<T>(value_of(base), tangent_of(exponent), value_of(dy));
    }
    return exponent * pow(base, exponent - Exponent(1)) * dy;
  }
};

/// Computes the gradient of value = base^exponent in the exponent.
struct ExponentSlope {
  template <class T>
  T operator()(T base, T exponent, T value, T dy) const {
    using std::log;
    const bool vanishes = value_of(base) == Real<T>(0) && exponent >= T(0);
    return vanishes ? T(0) : value * log(base) * dy;
  }
};

}  // namespace

template <class T>
Variable<T> pow(Variable<T> x, std::type_identity_t<Real<T>> exponent) {
  using std::pow;
  // Like std::pow, accurate to the last bit. The vectorised power loses several bits for large
  // exponents.
  const auto power = [=](T base) { return pow(base, exponent); };
  return define({"pow", {{"exponent", exponent}}}, {x}, elementwise(power, x.value()), [=](auto y) {
    const auto slope = [=](T base, T dy) { return PowerSlope()(base, exponent, dy); };
    return elementwise(slope, x.value(), y.grad());
  });
}

template <class T>
Variable<T> pow(Variable<T> a, Variable<T> b) {
  using std::pow;
  const auto power = [](T base, T exponent) { return pow(base, exponent); };
  return define(
      "pow", {a, b}, elementwise(power, a.value(), b.value()),
      [=](auto y) { return elementwise(PowerSlope(), a.value(), b.value(), y.grad()); },
      [=](auto y) {
        return elementwise(ExponentSlope(), a.value(), b.value(), y.value(), y.grad());
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
Variable<T> sign(Variable<T> x) {
  const auto value = [](T a) { return a > T(0) ? T(1) : a < T(0) ? T(-1) : T(0) * a; };
  return define("sign", {x}, elementwise(value, x.value()), [](auto y) {
    const auto nothing = [](T) { return T(0); };
    return elementwise(nothing, y.grad());
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

template <class T>
Variable<T> tan(Variable<T> x) {
  using std::tan;
  const auto value = [](T a) { return tan(a); };
  return define("tan", {x}, elementwise(value, x.value()),
                [](auto y) { return y.grad() * (Real<T>(1) + y.value() * y.value()); });
}

namespace {

/// Computes side dy / (a^2 + b^2), or 0 if a and b are 0.
struct AngleSlope {
  template <class T>
  T operator()(T side, T other, T dy) const {
    using std::hypot;
    const T radius = hypot(side, other);  // its square may overflow or be 0
    return value_of(radius) == Real<T>(0) ? T(0) : dy * (side / radius) / radius;
  }
};

}  // namespace

template <class T>
Variable<T> atan2(Variable<T> a, Variable<T> b) {
  using std::atan2;
  const auto angle = [](T opposite, T adjacent) { return atan2(opposite, adjacent); };
  return define(
      "atan2", {a, b}, elementwise(angle, a.value(), b.value()),
      [=](auto y) { return elementwise(AngleSlope(), b.value(), a.value(), y.grad()); },
      [=](auto y) { return -elementwise(AngleSlope(), a.value(), b.value(), y.grad()); });
}

namespace {

template <class T>
auto sinh_of(const Array<T>& x) {
  using std::sinh;
  return elementwise([](T a) { return sinh(a); }, x);
}
template <class T>
auto cosh_of(const Array<T>& x) {
  using std::cosh;
  return elementwise([](T a) { return cosh(a); }, x);
}

}  // namespace

template <class T>
Variable<T> sinh(Variable<T> x) {
  return define("sinh", {x}, sinh_of(x.value()),
                [=](auto y) { return y.grad() * cosh_of(x.value()); });
}

template <class T>
Variable<T> cosh(Variable<T> x) {
  return define("cosh", {x}, cosh_of(x.value()),
                [=](auto y) { return y.grad() * sinh_of(x.value()); });
}

template <class T>
Variable<T> erf(Variable<T> x) {
  using std::erf;
  const auto value = [](T a) { return erf(a); };
  return define("erf", {x}, elementwise(value, x.value()), [=](auto y) {
    return Real<T>(2) * std::numbers::inv_sqrtpi_v<Real<T>> * y.grad() *
           xt::exp(-x.value() * x.value());
  });
}

XTAPE_UNARY(exp);
XTAPE_UNARY(expm1);
XTAPE_UNARY(log);
XTAPE_UNARY(log1p);
XTAPE_UNARY(sqrt);
XTAPE_UNARY(square);
XTAPE_UNARY(abs);
XTAPE_UNARY(sin);
XTAPE_UNARY(cos);
XTAPE_UNARY(sign);
XTAPE_UNARY(tan);
XTAPE_UNARY(sinh);
XTAPE_UNARY(cosh);
XTAPE_UNARY(erf);
XTAPE_BINARY(pow);
XTAPE_BINARY(atan2);
#define XTAPE_INSTANTIATE(T) template Variable<T> pow<T>(Variable<T>, Real<T>)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
