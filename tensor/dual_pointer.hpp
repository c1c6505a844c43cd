#pragma once

#include <compare>
#include <cstddef>
#include <iterator>
#include <type_traits>

#include "tensor/dual.hpp"

/// @file
/// Places of Dual numbers whose values and tangents are in different arrays.

namespace xtape {

template <class F>
struct DualPointer;

namespace detail {

template <class F>
struct PointerTo {
  using type = F*;
};
template <class F>
struct PointerTo<Dual<F>> {
  using type = DualPointer<F>;
};
template <class F>
struct PointerTo<const Dual<F>> {
  using type = DualPointer<const F>;
};

}  // namespace detail

/// A pointer to numbers in an array: a DualPointer for Dual numbers. F is const if the numbers are.
template <class F>
using NumberPointer = typename detail::PointerTo<F>::type;

/// A reference to a Dual number in an array. It converts to the number, and assigns to it.
template <class F>
class DualReference {
 public:
  /// Refers to a number whose parts are at these places.
  DualReference(NumberPointer<F> value, NumberPointer<F> tangent)
      : value_(value), tangent_(tangent) {}

  /// A copy refers to the same number.
  ///@{
  DualReference(const DualReference&) = default;
  ~DualReference() = default;
  ///@}

  /// Returns the number.
  operator Dual<F>() const { return {*value_, *tangent_}; }

  /// Assign to the number.
  ///@{
  DualReference& operator=(const Dual<F>& x) {
    *value_ = x.value;
    *tangent_ = x.tangent;
    return *this;
  }
  DualReference& operator=(const DualReference& x) {
    if (this != &x) {
      *this = static_cast<Dual<F>>(x);
    }
    return *this;
  }
  DualReference& operator+=(const Dual<F>& x) { return *this = static_cast<Dual<F>>(*this) + x; }
  DualReference& operator-=(const Dual<F>& x) { return *this = static_cast<Dual<F>>(*this) - x; }
  DualReference& operator*=(const Dual<F>& x) { return *this = static_cast<Dual<F>>(*this) * x; }
  ///@}

 private:
  NumberPointer<F> value_;
  NumberPointer<F> tangent_;
};

/// A pointer to Dual numbers whose values follow each other, and whose tangents do, too. It is a
/// random-access iterator. F is const if the numbers are.
template <class F>
struct DualPointer {
  /// True if the numbers are const.
  static constexpr bool is_const = std::is_const_v<F>;

  /// The member types that iterators of the standard library have.
  ///@{
  using value_type = Dual<std::remove_const_t<F>>;
  using reference = std::conditional_t<is_const, value_type, DualReference<F>>;
  using pointer = DualPointer;
  using difference_type = std::ptrdiff_t;
  using iterator_category = std::random_access_iterator_tag;
  ///@}

  NumberPointer<F> value{};    ///< The place of the value.
  NumberPointer<F> tangent{};  ///< The place of the tangent.
  bool constant = false;       ///< True if it is known that all tangents of the array are 0.

  /// Converts to a pointer to const numbers.
  operator DualPointer<const F>() const requires(!is_const) { return {value, tangent, constant}; }

  /// Access and steps, as of a pointer.
  ///@{
  reference operator*() const {
    if constexpr (is_const) {
      return {*value, *tangent};
    } else {
      return {value, tangent};
    }
  }
  template <class Index>
  reference operator[](Index i) const {
    return *(*this + i);
  }
  template <class Steps>
  DualPointer& operator+=(Steps steps) {
    value += steps;
    tangent += steps;
    return *this;
  }
  template <class Steps>
  DualPointer& operator-=(Steps steps) {
    value -= steps;
    tangent -= steps;
    return *this;
  }
  DualPointer& operator++() { return *this += 1; }
  DualPointer& operator--() { return *this -= 1; }
  DualPointer operator++(int) {
    const DualPointer before = *this;
    ++*this;
    return before;
  }
  DualPointer operator--(int) {
    const DualPointer before = *this;
    --*this;
    return before;
  }
  template <class Steps>
  requires std::is_integral_v<Steps>
  friend DualPointer operator+(DualPointer p, Steps steps) { return p += steps; }
  template <class Steps>
  requires std::is_integral_v<Steps>
  friend DualPointer operator+(Steps steps, DualPointer p) { return p += steps; }
  template <class Steps>
  requires std::is_integral_v<Steps>
  friend DualPointer operator-(DualPointer p, Steps steps) { return p -= steps; }
  friend difference_type operator-(DualPointer a, DualPointer b) { return a.value - b.value; }
  friend bool operator==(DualPointer a, DualPointer b) { return a.value == b.value; }
  friend auto operator<=>(DualPointer a, DualPointer b) { return a.value <=> b.value; }
  ///@}
};

namespace detail {

/// Computes y = beta y + kernel(a, b) for a kernel that is linear in both operands. The kernel
/// takes (a, b, beta, y), the parts of the numbers. It is not called for tangents that are known to
/// be 0.
template <class F, class Kernel>
void apply_bilinear(DualPointer<const F> a, DualPointer<const F> b,
                    std::type_identity_t<Dual<F>> beta, DualPointer<F> y, Kernel kernel) {
  kernel(a.value, b.value, beta.value, y.value);
  const bool by_a = !a.constant || b.constant;  // something must write y
  if (by_a) {
    kernel(a.tangent, b.value, beta.value, y.tangent);
  }
  if (!b.constant) {
    kernel(a.value, b.tangent, by_a ? F(1) : beta.value, y.tangent);
  }
}

}  // namespace detail

}  // namespace xtape
