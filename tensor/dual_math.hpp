#pragma once

#include <cmath>
#include <numbers>
#include <type_traits>

#include "tensor/dual.hpp"
#include "tensor/lanes.hpp"

/// @file
/// Functions of Dual numbers. Each one is f(x.value), and the tangent is x.tangent f'(x.value).
/// They are found by argument-dependent lookup, also by the functions of xtensor.

namespace xtape {

namespace detail {

template <class F>
struct NumberOf {
  using type = typename F::value_type;
};
template <class F>
requires(std::is_arithmetic_v<F> || is_dual<F>) struct NumberOf<F> {
  using type = F;
};

/// The type of the numbers in a register. For a number, it is the type itself.
template <class F>
using number_in = typename NumberOf<F>::type;

/// Returns a constant as a number, or as a register that holds it in all places. It has no tangent.
template <class F>
Real<F> constant(double number) {
  return Real<F>(static_cast<number_in<Real<F>>>(number));
}

/// Applies a function of xtensor to a number or to a register.
template <class Function, class F>
F call(const F& x) {
  if constexpr (std::is_arithmetic_v<F> || is_dual<F>) {
    return Function()(x);
  } else {
    return call_lanes(Function(), x);
  }
}

/// Returns a where the condition holds, else b.
template <class Condition, class F>
F chosen(const Condition& condition, const F& a, const F& b) {
  if constexpr (is_dual<F>) {
    return {chosen(condition, a.value, b.value), chosen(condition, a.tangent, b.tangent)};
  } else if constexpr (std::is_arithmetic_v<F>) {
    return condition ? a : b;
  } else {
    return select(condition, a, b);
  }
}

/// Returns e^(-x^2) 2 / sqrt(pi), the slope of erf.
template <class F>
F erf_slope(const F& x) {
  return constant<F>(2 * std::numbers::inv_sqrtpi) * call<xt::math::exp_fun>(negative(x) * x);
}

/// Returns 1, -1 or 0 by the sign of x. It has no tangent.
template <class F>
Real<F> sign_of(const F& x) {
  using R = Real<F>;
  const R& value = value_of(x);
  return chosen(value > R(0), R(1), chosen(value < R(0), R(-1), R(0)));
}

/// A number, not a register.
template <class F>
concept Scalar = std::floating_point<Real<F>>;

/// True if the number, or one of its tangents, is not 0.
template <class F>
bool is_or_moves(const F& x) {
  if constexpr (is_dual<F>) {
    return is_or_moves(x.value) || is_or_moves(x.tangent);
  } else {
    return x > 0 || x < 0;
  }
}

}  // namespace detail

/// Defines a function of a Dual x with the value y and the slope.
#define XTAPE_CHAIN_RULE(name, slope)                  \
  template <class F>                                   \
  Dual<F> name(const Dual<F>& dual) {                  \
    [[maybe_unused]] const F& x = dual.value;          \
    const F y = detail::call<xt::math::name##_fun>(x); \
    return {y, dual.tangent * (slope)};                \
  }
/// @cond
// e^x, ln x and their relatives, roots and trigonometric functions of a Dual.
XTAPE_CHAIN_RULE(exp, y)
XTAPE_CHAIN_RULE(expm1, detail::call<xt::math::exp_fun>(x))  // y + 1 would cancel
XTAPE_CHAIN_RULE(log, Real<F>(1) / x)
XTAPE_CHAIN_RULE(log1p, Real<F>(1) / (Real<F>(1) + x))
XTAPE_CHAIN_RULE(sqrt, detail::constant<F>(0.5) / y)
XTAPE_CHAIN_RULE(sin, detail::call<xt::math::cos_fun>(x))
XTAPE_CHAIN_RULE(cos, detail::negative(detail::call<xt::math::sin_fun>(x)))
XTAPE_CHAIN_RULE(tan, Real<F>(1) + y * y)
XTAPE_CHAIN_RULE(sinh, detail::call<xt::math::cosh_fun>(x))
XTAPE_CHAIN_RULE(cosh, detail::call<xt::math::sinh_fun>(x))
XTAPE_CHAIN_RULE(tanh, Real<F>(1) - y * y)
XTAPE_CHAIN_RULE(erf, detail::erf_slope(x))
XTAPE_CHAIN_RULE(erfc, detail::negative(detail::erf_slope(x)))
XTAPE_CHAIN_RULE(abs, detail::sign_of(x))
/// @endcond
#undef XTAPE_CHAIN_RULE

/// Returns base^exponent. The slope in the base is 0 if the exponent is 0. The slope in the
/// exponent counts only if the exponent moves, because it is NaN for a negative base.
///@{
template <detail::Scalar F>
Dual<F> pow(const Dual<F>& base, std::type_identity_t<F> exponent) {
  using std::pow;
  const F slope = detail::is_or_moves(exponent)
                      ? exponent * pow(base.value, exponent - Real<F>(1)) * base.tangent
                      : F(0);
  return {pow(base.value, exponent), slope};
}
template <detail::Scalar F>
requires is_dual<F> Dual<F> pow(const Dual<F>& base, std::type_identity_t<Real<F>> exponent) {
  const F slope =
      exponent > 0 || exponent < 0 ? exponent * pow(base.value, exponent - 1) * base.tangent : F(0);
  return {pow(base.value, exponent), slope};
}
template <detail::Scalar F>
Dual<F> pow(const Dual<F>& base, const Dual<F>& exponent) {
  using std::log;
  Dual<F> power = pow(base, exponent.value);
  const bool vanishes = !detail::is_or_moves(base.value) && value_of(exponent) >= 0;
  if (detail::is_or_moves(exponent.tangent) && !vanishes) {
    power.tangent += power.value * log(base.value) * exponent.tangent;
  }
  return power;
}
///@}

/// Returns the length of (a, b). It has no derivative at (0, 0), where the tangent is NaN.
template <detail::Scalar F>
Dual<F> hypot(const Dual<F>& a, const Dual<F>& b) {
  using std::hypot;
  const F length = hypot(a.value, b.value);
  return {length, a.value / length * a.tangent + b.value / length * b.tangent};
}

/// Returns the angle of (a, b). The tangent at (0, 0) is 0.
template <detail::Scalar F>
Dual<F> atan2(const Dual<F>& a, const Dual<F>& b) {
  using std::hypot, std::atan2, std::isnan;
  const F length = hypot(a.value, b.value), angle = atan2(a.value, b.value);
  if (!(value_of(length) > 0) && !isnan(length)) {
    return {angle, F(0)};
  }
  return {angle, (b.value / length * a.tangent - a.value / length * b.tangent) / length};
}

/// Returns whether the value is NaN.
template <detail::Scalar F>
bool isnan(const Dual<F>& x) {
  return std::isnan(value_of(x));
}

/// Returns whether all parts are finite.
template <detail::Scalar F>
bool isfinite(const Dual<F>& x) {
  using std::isfinite;
  return isfinite(x.value) && isfinite(x.tangent);
}

namespace detail {

/// A function of each element with a derivative of its own: Rule::value(x) and Rule::slope(x, y) of
/// numbers and registers. Such a function is needed where the chain rule, applied to a formula step
/// by step, would multiply 0 by infinity.
template <class Rule>
struct Smooth {
  template <class X>
  X operator()(const X& x) const {
    if constexpr (is_dual<X>) {
      const auto y = (*this)(x.value);
      return X(y, x.tangent * Rule::slope(x.value, y));
    } else {
      return Rule::value(x);
    }
  }
  template <class B>
  B simd_apply(const B& x) const {
    return Rule::value(x);
  }
};

/// True if functor Function takes registers of the Dual type T. Its call then follows the chain
/// rule.
template <class Function, class T>
inline constexpr bool follows_chain_rule =
    is_one_of<Function, xt::detail::plus, xt::detail::minus, xt::detail::multiplies,
              xt::detail::divides, xt::detail::negate, xt::math::exp_fun, xt::math::expm1_fun,
              xt::math::log_fun, xt::math::log1p_fun, xt::math::sqrt_fun, xt::math::sin_fun,
              xt::math::cos_fun, xt::math::tanh_fun, xt::math::erf_fun, xt::math::erfc_fun,
              xt::math::abs_fun>;
template <class Rule, class T>
inline constexpr bool follows_chain_rule<Smooth<Rule>, T> = Rule::template takes_registers<Real<T>>;

/// 1 / (1 + e^-x). By the quotient rule, the tangent would be NaN where e^-x overflows.
struct LogisticRule {
  template <class F>
  static constexpr bool takes_registers = true;
  template <class F>
  static F value(const F& x) {
    return F(1) / (F(1) + call<xt::math::exp_fun>(negative(x)));
  }
  template <class F>
  static F slope(const F&, const F& y) {
    return y * (Real<F>(1) - y);
  }
};

/// max(x, 0), with the slope 1/2 at 0. A sum with another function that has a kink there, as in
/// softplus, then has the right tangent.
struct PositivePartRule {
  template <class F>
  static constexpr bool takes_registers = true;
  template <class F>
  static F value(const F& x) {
    return chosen(x > F(0), x, F(0));
  }
  template <class F>
  static Real<F> slope(const F& x, const F&) {
    using R = Real<F>;
    const R& place = value_of(x);
    return chosen(place > R(0), R(1), chosen(place < R(0), R(0), constant<R>(0.5)));
  }
};

}  // namespace detail
}  // namespace xtape
