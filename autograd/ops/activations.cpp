#include "autograd/ops/activations.hpp"

#include <cmath>
#include <numbers>
#include <type_traits>

#include "autograd/define.hpp"
#include "autograd/ops/instantiate.hpp"
#include "tensor/elementwise.hpp"

namespace xtape {

template <class T>
Variable<T> sigmoid(Variable<T> x) {
  return define("sigmoid", {x}, logistic(x.value()),
                [](auto y) { return y.grad() * y.value() * (Real<T>(1) - y.value()); });
}

template <class T>
Variable<T> tanh(Variable<T> x) {
  return define("tanh", {x}, xt::tanh(x.value()),
                [](auto y) { return y.grad() * (Real<T>(1) - y.value() * y.value()); });
}

template <class T>
Variable<T> relu(Variable<T> x) {
  const auto positive_part = [](T value) {
    if constexpr (is_nested_dual<T>) {
      return value > T(0) ? value : value < T(0) ? T(0) : T(value_of(value));  // as below
    } else if constexpr (is_dual<T>) {
      value.tangent = value > T(0) ? value.tangent : 0;  // as in reverse, also at 0
    }
    return value < T(0) ? T(0) : value;
  };
  return define("relu", {x}, elementwise(positive_part, x.value()), [=](auto y) {
    const auto slope = [](T value, T dy) { return value > T(0) ? dy : T(0); };
    return elementwise(slope, x.value(), y.grad());
  });
}

namespace {

/// Passes on `passed` where `value` is positive, and a part of it elsewhere.
template <class T>
auto leak(Real<T> slope) {
  return [=](T value, T passed) { return value > T(0) ? passed : slope * passed; };
}

}  // namespace

template <class T>
Variable<T> leaky_relu(Variable<T> x, std::type_identity_t<Real<T>> slope) {
  return define({"leaky_relu", {{"slope", slope}}}, {x},
                elementwise(leak<T>(slope), x.value(), x.value()),
                [=](auto y) { return elementwise(leak<T>(slope), x.value(), y.grad()); });
}

template <class T>
Variable<T> elu(Variable<T> x, std::type_identity_t<Real<T>> alpha) {
  using std::exp, std::expm1;
  const auto value = [=](T a) { return a <= T(0) ? alpha * expm1(a) : a; };
  return define({"elu", {{"alpha", alpha}}}, {x}, elementwise(value, x.value()), [=](auto y) {
    const auto slope = [=](T a, T dy) { return a <= T(0) ? alpha * exp(a) * dy : dy; };
    return elementwise(slope, x.value(), y.grad());
  });
}

template <class T>
Variable<T> softplus(Variable<T> x) {
  return define("softplus", {x}, positive_part(x.value()) + xt::log1p(xt::exp(-xt::abs(x.value()))),
                [=](auto y) { return y.grad() * logistic(x.value()); });
}

namespace {

/// Returns Phi(x) = erfc(-x / sqrt 2) / 2. It keeps its digits for negative x, where 1 + erf would
/// cancel. The vectorised erfc is exact to float precision, but has at most 12 digits in double.
template <class F>
F normal_distribution(const F& x) {
  if constexpr (std::is_same_v<F, double>) {
    return std::erfc(-x / std::numbers::sqrt2) / 2;
  } else {
    return F(0.5F) * detail::call<xt::math::erfc_fun>(F(-1 / std::numbers::sqrt2_v<float>) * x);
  }
}

/// Returns f e^(-x^2 / 2) / sqrt(2 pi), where x^2 is `square`. It ends with a division, because a
/// compiler could add a product in one step with a sum, and give two results for one number.
template <class F>
F times_density(const F& f, const F& square) {
  using Number = detail::number_in<Real<F>>;
  constexpr Number root = std::numbers::sqrt2_v<Number> / std::numbers::inv_sqrtpi_v<Number>;
  return f * detail::call<xt::math::exp_fun>(detail::constant<F>(-0.5) * square) / Real<F>(root);
}

/// Returns x, but at least `least`.
template <class F>
F at_least(const F& x, double least) {
  const F bound = detail::constant<F>(least);
  return detail::chosen(x > bound, x, bound);
}

/// Returns x between -40 and 40. Beyond that the density is 0, and infinity times 0 would be NaN.
template <class F>
F near(const F& x) {
  return detail::negative(at_least(detail::negative(at_least(x, -40)), -40));
}

/// The slope of gelu: Phi(x) + x phi(x).
struct GeluSlope {
  template <class F>
  static constexpr bool takes_registers = std::is_same_v<F, float>;
  template <class F>
  static F value(const F& x) {
    return normal_distribution(x) + times_density(near(x), near(x) * x);
  }
  template <class F>
  static F slope(const F& x, const F&) {
    const F square = near(x) * near(x);
    return times_density(Real<F>(2) - square, square);
  }
};

struct Gelu {
  template <class F>
  static constexpr bool takes_registers = std::is_same_v<F, float>;
  template <class F>
  static F value(const F& x) {
    return at_least(x, -40) * normal_distribution(x);  // Phi is 0 below -40
  }
  template <class F>
  static F slope(const F& x, const F&) {
    return detail::Smooth<GeluSlope>()(x);
  }
};

/// Applies a rule to each element.
template <class Rule, class T>
auto by_rule(const Array<T>& x) {
  if constexpr (Rule::template takes_registers<Real<T>>) {
    return elementwise(detail::Smooth<Rule>(), x);
  } else {
    const auto alone = [](T value) { return detail::Smooth<Rule>()(value); };
    return elementwise(alone, x);
  }
}

}  // namespace

template <class T>
Variable<T> gelu(Variable<T> x) {
  return define("gelu", {x}, by_rule<Gelu>(x.value()),
                [=](auto y) { return y.grad() * by_rule<GeluSlope>(x.value()); });
}

XTAPE_UNARY(sigmoid);
XTAPE_UNARY(tanh);
XTAPE_UNARY(relu);
XTAPE_UNARY(softplus);
XTAPE_UNARY(gelu);
#define XTAPE_INSTANTIATE(T)                                \
  template Variable<T> leaky_relu<T>(Variable<T>, Real<T>); \
  template Variable<T> elu<T>(Variable<T>, Real<T>)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
