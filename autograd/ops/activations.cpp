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
    if constexpr (is_dual<T>) {
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
template <class T>
auto normal_distribution(const Array<T>& x) {
  if constexpr (std::is_same_v<T, float>) {
    return T(0.5) * xt::erfc(T(-1) / std::numbers::sqrt2_v<T> * x);
  } else {
    const auto phi = [](T value) { return std::erfc(-value / std::numbers::sqrt2_v<T>) / 2; };
    return elementwise(phi, x);
  }
}

/// Returns x phi(x). Beyond 40 the density phi is 0, and infinity times 0 would be NaN.
template <class T>
auto weighted_density(const Array<T>& x) {
  constexpr T phi0 = std::numbers::inv_sqrtpi_v<T> / std::numbers::sqrt2_v<T>;
  const auto near = [&] { return xt::minimum(xt::maximum(x, T(-40)), T(40)); };
  return T(phi0) * near() * xt::exp(T(-0.5) * near() * x);
}

}  // namespace

namespace {

/// The value of gelu and its first two derivatives, of a number or a register of float.
///@{
template <class F>
F phi_of(const F& x) {
  if constexpr (std::is_same_v<F, double>) {
    return std::erfc(-x / std::numbers::sqrt2) / 2;
  } else {
    return F(0.5F) * detail::call<xt::math::erfc_fun>(F(-1 / std::numbers::sqrt2_v<float>) * x);
  }
}
struct GeluSlopeRule {
  template <class F>
  static constexpr bool takes_registers = std::is_same_v<F, float>;
  template <class F>
  static F near(const F& x) {
    const F least = detail::constant<F>(-40), most = detail::constant<F>(40);
    const F at_least = detail::chosen(x > least, x, least);
    return detail::chosen(at_least < most, at_least, most);
  }
  template <class F>
  static F value(const F& x) {
    using Number = detail::number_in<F>;
    constexpr Number phi0 = std::numbers::inv_sqrtpi_v<Number> / std::numbers::sqrt2_v<Number>;
    const F a = near(x);
    return phi_of(x) +
           F(phi0) * a * detail::call<xt::math::exp_fun>(detail::constant<F>(-0.5) * a * x);
  }
  template <class F>
  static F slope(const F& x, const F&) {
    using Number = detail::number_in<F>;
    constexpr Number phi0 = std::numbers::inv_sqrtpi_v<Number> / std::numbers::sqrt2_v<Number>;
    const F a = near(x), square = a * a;
    return F(phi0) * (F(2) - square) *
           detail::call<xt::math::exp_fun>(detail::constant<F>(-0.5) * square);
  }
};
struct GeluRule {
  template <class F>
  static constexpr bool takes_registers = std::is_same_v<F, float>;
  template <class F>
  static F value(const F& x) {
    const F least = detail::constant<F>(-40);
    return detail::chosen(x > least, x, least) * phi_of(x);
  }
  template <class F>
  static F slope(const F& x, const F&) {
    return GeluSlopeRule::value(x);
  }
};
///@}

template <class T>
auto gelu_of(const Array<T>& x) {
  if constexpr (is_dual<T>) {
    return elementwise(detail::Smooth<GeluRule>(), x);
  } else {  // Phi is 0 below -40, where -infinity times 0 would be NaN
    return xt::maximum(x, T(-40)) * normal_distribution(x);
  }
}
template <class T>
auto gelu_slope(const Array<T>& x) {
  if constexpr (is_dual<T>) {
    return elementwise(detail::Smooth<GeluSlopeRule>(), x);
  } else {
    return normal_distribution(x) + weighted_density(x);
  }
}

}  // namespace

template <class T>
Variable<T> gelu(Variable<T> x) {
  return define("gelu", {x}, gelu_of(x.value()),
                [=](auto y) { return y.grad() * gelu_slope(x.value()); });
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
