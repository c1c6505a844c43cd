#pragma once

#include <concepts>
#include <type_traits>

/// @file
/// Numbers that carry a derivative, for forward mode and second derivatives.

namespace xtape {

template <class F>
struct Dual;

namespace detail {

template <class T>
struct RealOf {
  using type = T;
};
template <class F>
struct RealOf<Dual<F>> : RealOf<F> {};

}  // namespace detail

/// True for Dual numbers.
///@{
template <class T>
inline constexpr bool is_dual = false;
template <class F>
inline constexpr bool is_dual<Dual<F>> = true;
///@}

/// True for Dual numbers of Dual numbers.
///@{
template <class T>
inline constexpr bool is_nested_dual = false;
template <class F>
inline constexpr bool is_nested_dual<Dual<F>> = is_dual<F>;
///@}

/// The type of the value of a number: T for a Dual<T> and a Dual<Dual<T>>, and the type itself for
/// any other.
template <class T>
using Real = typename detail::RealOf<T>::type;

namespace detail {

/// Returns -x for a number or a vector register. xsimd computes 0 - x, which is 0 instead of -0 for
/// 0.
template <class F>
constexpr F negative(const F& x) {
  if constexpr (std::is_arithmetic_v<F> || is_dual<F>) {
    return -x;
  } else {
    return F(typename F::value_type(-0.0)) - x;
  }
}

/// True for a number without a derivative beside a Dual<F> whose parts are Dual numbers.
template <class Number, class F>
concept PlainBeside = is_dual<F> &&(std::same_as<Number, Real<F>> || std::is_arithmetic_v<Number>);

}  // namespace detail

/// A T, or a number that carries derivatives of a T. A layer with weights of type T computes on the
/// tapes of these numbers.
template <class S, class T>
concept NumberOver = std::same_as<Real<S>, T>;

namespace detail {

template <class S, class T>
inline constexpr bool is_number_or_part = std::same_as<S, T>;
template <class S, class F>
inline constexpr bool is_number_or_part<S, Dual<F>> =
    std::same_as<S, Dual<F>> || is_number_or_part<S, F>;

}  // namespace detail

/// A T, or the type of its value, or of a part of it. A container of layers for T computes on the
/// tapes of all.
template <class S, class T>
concept NumberOrReal = detail::is_number_or_part<S, T>;

/// A number that carries a derivative: value + tangent e with e e = 0. Arithmetic and functions
/// follow the chain rule, so the tangent of a result is its derivative along the tangents of what
/// it was computed from. F is float, double, or a vector register of them.
///
/// An F beside a Dual is a constant. Its tangent is not there, rather than 0, so no product of 0
/// and infinity arises from it.
///
/// F may be a Dual itself. A Dual<Dual<double>> carries two directions and second derivatives: its
/// tangent is the derivative along the outer direction, and the tangents of both parts are those
/// along the inner direction. Both directions have types of their own, so they never mix.
template <class F>
struct Dual {
  F value;    ///< The number.
  F tangent;  ///< Its derivative along a direction.

  /// Leaves both parts uninitialised, like a float. `Dual<float>()` is 0.
  Dual() = default;

  /// Takes both parts.
  constexpr Dual(const F& number, const F& derivative) : value(number), tangent(derivative) {}

  /// Makes a constant: the tangent is 0.
  ///@{
  constexpr Dual(const F& number) : value(number), tangent(F(0)) {}
  template <class Number>
  requires(std::is_arithmetic_v<Number> && !std::same_as<Number, F>) constexpr Dual(Number number)
      : value(static_cast<F>(number)), tangent(F(0)) {}
  template <class Number>
  requires(detail::PlainBeside<Number, F> &&
           !std::is_arithmetic_v<Number>) constexpr Dual(const Number& number)
      : value(number), tangent(F(0)) {}
  ///@}

  /// Converts both parts, for example to a register that holds them in all places.
  template <class G>
  requires(!std::same_as<G, F>) constexpr explicit Dual(const Dual<G>& other)
      : value(static_cast<F>(other.value)), tangent(static_cast<F>(other.tangent)) {}

  /// Arithmetic by the rules of sums, products and quotients.
  ///@{
  friend constexpr Dual operator+(const Dual& a, const Dual& b) {
    return {a.value + b.value, a.tangent + b.tangent};
  }
  friend constexpr Dual operator+(const Dual& a, const F& b) { return {a.value + b, a.tangent}; }
  friend constexpr Dual operator+(const F& a, const Dual& b) { return {a + b.value, b.tangent}; }
  friend constexpr Dual operator-(const Dual& a, const Dual& b) {
    return {a.value - b.value, a.tangent - b.tangent};
  }
  friend constexpr Dual operator-(const Dual& a, const F& b) { return {a.value - b, a.tangent}; }
  friend constexpr Dual operator-(const F& a, const Dual& b) {
    return {a - b.value, detail::negative(b.tangent)};
  }
  friend constexpr Dual operator*(const Dual& a, const Dual& b) {
    return {a.value * b.value, a.tangent * b.value + a.value * b.tangent};
  }
  friend constexpr Dual operator*(const Dual& a, const F& b) {
    return {a.value * b, a.tangent * b};
  }
  friend constexpr Dual operator*(const F& a, const Dual& b) {
    return {a * b.value, a * b.tangent};
  }
  friend constexpr Dual operator/(const Dual& a, const Dual& b) {
    const F quotient = a.value / b.value;
    return {quotient, (a.tangent - quotient * b.tangent) / b.value};
  }
  friend constexpr Dual operator/(const Dual& a, const F& b) {
    return {a.value / b, a.tangent / b};
  }
  friend constexpr Dual operator/(const F& a, const Dual& b) {
    const F quotient = a / b.value;
    return {quotient, detail::negative(quotient * b.tangent) / b.value};
  }
  template <detail::PlainBeside<F> Number>
  friend constexpr Dual operator+(const Dual& a, const Number& b) {
    return {a.value + b, a.tangent};
  }
  template <detail::PlainBeside<F> Number>
  friend constexpr Dual operator+(const Number& a, const Dual& b) {
    return {a + b.value, b.tangent};
  }
  template <detail::PlainBeside<F> Number>
  friend constexpr Dual operator-(const Dual& a, const Number& b) {
    return {a.value - b, a.tangent};
  }
  template <detail::PlainBeside<F> Number>
  friend constexpr Dual operator-(const Number& a, const Dual& b) {
    return {a - b.value, -b.tangent};
  }
  template <detail::PlainBeside<F> Number>
  friend constexpr Dual operator*(const Dual& a, const Number& b) {
    return {a.value * b, a.tangent * b};
  }
  template <detail::PlainBeside<F> Number>
  friend constexpr Dual operator*(const Number& a, const Dual& b) {
    return {a * b.value, a * b.tangent};
  }
  template <detail::PlainBeside<F> Number>
  friend constexpr Dual operator/(const Dual& a, const Number& b) {
    return {a.value / b, a.tangent / b};
  }
  template <detail::PlainBeside<F> Number>
  friend constexpr Dual operator/(const Number& a, const Dual& b) {
    const F quotient = a / b.value;
    return {quotient, -(quotient * b.tangent) / b.value};
  }
  constexpr Dual operator-() const { return {detail::negative(value), detail::negative(tangent)}; }
  constexpr Dual operator+() const { return *this; }
  template <class Other>
  constexpr Dual& operator+=(const Other& b) {
    return *this = *this + b;
  }
  template <class Other>
  constexpr Dual& operator-=(const Other& b) {
    return *this = *this - b;
  }
  template <class Other>
  constexpr Dual& operator*=(const Other& b) {
    return *this = *this * b;
  }
  template <class Other>
  constexpr Dual& operator/=(const Other& b) {
    return *this = *this / b;
  }
  ///@}

  /// The order of the values.
  ///@{
  friend constexpr auto operator<(const Dual& a, const Dual& b) { return a.value < b.value; }
  friend constexpr auto operator>(const Dual& a, const Dual& b) { return a.value > b.value; }
  friend constexpr auto operator<=(const Dual& a, const Dual& b) { return a.value <= b.value; }
  friend constexpr auto operator>=(const Dual& a, const Dual& b) { return a.value >= b.value; }
  ///@}

  /// True if both parts are equal. A number that is 0 and moves is not equal to 0, so that code
  /// which leaves out products with 0 does not leave out a derivative. To compare the values alone,
  /// write value_of(a) == value_of(b).
  friend constexpr bool operator==(const Dual& a, const Dual& b) {
    if constexpr (is_dual<F>) {
      return a.value == b.value && a.tangent == b.tangent;
    }
    return a.value <= b.value && a.value >= b.value && a.tangent <= b.tangent &&
           a.tangent >= b.tangent;
  }
};

/// Returns the value of a number, without its tangents.
template <class T>
constexpr const Real<T>& value_of(const T& x) {
  if constexpr (is_dual<T>) {
    return value_of(x.value);
  } else {
    return x;
  }
}

/// Returns the tangent of a number: 0 for a float or a double.
///@{
template <class T>
constexpr T tangent_of(const T&) {
  return T(0);
}
template <class F>
constexpr const F& tangent_of(const Dual<F>& x) {
  return x.tangent;
}
///@}

}  // namespace xtape
