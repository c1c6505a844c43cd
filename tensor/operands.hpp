#pragma once

#include <algorithm>
#include <concepts>
#include <tuple>
#include <type_traits>

#include "tensor/array.hpp"
#include "tensor/dual_math.hpp"
#include "tensor/lanes.hpp"

/// @file
/// The operands of a lazy xtensor expression as plain pointers and scalars, for tensor/assign.hpp.

namespace xtape::detail {

/// An array in an expression. Its cursor is on one row: the elements along the last axis.
template <class T, class B = Batch<T>>
class ArrayOperand {
 public:
  using value_type = T;
  static constexpr bool shaped = true;
  static constexpr bool vectorized = true;

  explicit ArrayOperand(const Array<T>& array)
      : array_(&array),
        row_(array.data()),
        stretched_(array.dimension() == 0 || array.shape().back() == 1) {}

  bool matches(const Shape& shape) const { return same_shape(array_->shape(), shape); }

  void broadcast(const char* operation, Shape& shape) const {
    shape = broadcast_shapes(operation, shape, array_->shape());
  }

  /// Moves the cursor by `steps` along the axis that is `from_last` axes before the last.
  void advance(std::size_t from_last, std::ptrdiff_t steps) {
    if (from_last < array_->dimension()) {
      // xtensor's stride of an axis of extent 1 is 0, which is right for broadcasting.
      row_ += steps * array_->strides()[array_->dimension() - 1 - from_last];
    }
  }

  /// Returns true if go_to_row() reaches the rows of an array of this shape. This array then has a
  /// row for each of these rows, or one row for all.
  bool has_even_rows(const Shape& shape) {
    const Shape& own = array_->shape();
    const auto last = own.empty() ? own.end() : own.end() - 1;
    const bool one_row = std::all_of(own.begin(), last, [](std::size_t n) { return n == 1; });
    row_step_ = one_row ? 0 : own.back();
    return one_row || (own.size() == shape.size() && std::equal(own.begin(), last, shape.begin()));
  }

  /// Moves the cursor to a row, counted along all outer axes together. Call has_even_rows() before.
  void go_to_row(std::size_t row) { row_ = array_->data() + row * row_step_; }

  /// Returns element j of the row. `Linear` states that no operand is broadcast.
  template <bool Linear>
  T at(std::size_t j) const {
    return row_[!Linear && stretched_ ? 0 : j];
  }

  template <bool Linear>
  B load(std::size_t j) const {
    if (!Linear && stretched_) {
      return B(*row_);
    }
#ifdef XTENSOR_USE_XSIMD
    return load_lanes(row_ + j);
#else
    return row_[j];
#endif
  }

 private:
  const Array<T>* array_;
  typename Storage<T>::const_pointer row_;
  std::size_t row_step_ = 0;
  bool stretched_;
};

/// A scalar in an expression.
template <class T, class B = Batch<T>>
class ScalarOperand {
 public:
  using value_type = T;
  static constexpr bool shaped = false;  // fits any shape
  static constexpr bool vectorized = true;

  explicit ScalarOperand(T value) : value_(value) {}

  bool matches(const Shape&) const { return true; }
  void broadcast(const char*, Shape&) const {}
  void advance(std::size_t, std::ptrdiff_t) {}
  bool has_even_rows(const Shape&) const { return true; }
  void go_to_row(std::size_t) {}

  template <bool Linear>
  T at(std::size_t) const {
    return value_;
  }
  template <bool Linear>
  B load(std::size_t) const {
    return B(value_);
  }

 private:
  T value_;
};

/// A function of other operands. It is vectorised if xtensor's functor is vectorised, and only for
/// batches of T.
template <class T, class F, class... Operands>
class FunctionOperand {
  template <class>
  using BatchFor = Batch<T>;

  static constexpr bool of_batches = (std::same_as<typename Operands::value_type, T> && ...);

  static constexpr bool can_take_batches() {
    if constexpr (is_dual<T>) {  // constants have no tangents
      return follows_chain_rule<F, T> &&
             ((std::same_as<typename Operands::value_type, T> ||
               std::same_as<typename Operands::value_type, Real<T>>)&&...);
    } else {
      return of_batches && requires(const F function, BatchFor<Operands>... batches) {
        { function.simd_apply(batches...) } -> std::same_as<Batch<T>>;
      };
    }
  }
  static constexpr bool has_simd = can_take_batches();

 public:
  using value_type =
      std::remove_cvref_t<std::invoke_result_t<const F&, typename Operands::value_type...>>;
  static constexpr bool shaped = (Operands::shaped || ...);
  static constexpr bool vectorized = has_simd && (Operands::vectorized && ...);

  FunctionOperand(const F& function, const Operands&... operands)
      : function_(function), operands_(operands...) {}

  bool matches(const Shape& shape) const {
    return std::apply([&](const auto&... each) { return (each.matches(shape) && ...); }, operands_);
  }
  void broadcast(const char* operation, Shape& shape) const {
    std::apply([&](const auto&... each) { (each.broadcast(operation, shape), ...); }, operands_);
  }
  void advance(std::size_t from_last, std::ptrdiff_t steps) {
    std::apply([&](auto&... each) { (each.advance(from_last, steps), ...); }, operands_);
  }
  bool has_even_rows(const Shape& shape) {
    return std::apply([&](auto&... each) { return (each.has_even_rows(shape) && ...); }, operands_);
  }
  void go_to_row(std::size_t row) {
    std::apply([&](auto&... each) { (each.go_to_row(row), ...); }, operands_);
  }

  template <bool Linear>
  auto at(std::size_t j) const {
    return std::apply(
        [&](const auto&... each) { return function_(each.template at<Linear>(j)...); }, operands_);
  }
  template <bool Linear>
  Batch<T> load(std::size_t j) const {
    return std::apply(
        [&](const auto&... each) {
          if constexpr (is_dual<T>) {
            return function_(each.template load<Linear>(j)...);
          } else {
            return call_lanes(function_, each.template load<Linear>(j)...);
          }
        },
        operands_);
  }

 private:
  F function_;
  std::tuple<Operands...> operands_;
};

template <class V>
inline constexpr bool is_integer = std::integral<V> && !std::same_as<V, bool>;

/// True if an expression consists of Array<T>, scalars and functions only, so that bind() accepts
/// it. Integer arithmetic is left to xtensor, and so are arrays of integers. Here, scalars take the
/// type of the arrays. That would change an integer division, or drop the fraction of a scalar.
template <class E, class T>
inline constexpr bool bindable = false;
template <class T>
inline constexpr bool bindable<Array<T>, T> = !std::integral<T>;
template <class C, class T>
inline constexpr bool bindable<xt::xscalar<C>, T> = true;
template <class F, class... C, class T>
inline constexpr bool bindable<xt::xfunction<F, C...>, T> =
    !is_integer<typename xt::xfunction<F, C...>::value_type> &&
    (bindable<std::remove_cvref_t<C>, T> && ...);

/// An operand with its own floating-point numbers. Scalars and comparisons have none.
template <class Operand>
concept Numbers = Operand::shaped && std::floating_point<typename Operand::value_type>;

template <class Operand>
using number_type = std::conditional_t<Numbers<Operand>, typename Operand::value_type, bool>;

/// The type that the scalars of a function take: the floating-point type of the operands beside
/// them, or Outer if there is none. So `2.0 * x` costs no conversion per element, and
/// `xt::cast<double>(x) * 1e300` is computed in double.
template <class Outer, class... Operands>
using scalar_type = std::conditional_t<(Numbers<Operands> || ...),
                                       std::common_type_t<bool, number_type<Operands>...>, Outer>;

template <class T, class Scalar = T>
auto bind(const Array<T>& array) {
  return ArrayOperand<T>(array);
}
template <class T, class Scalar = T, class C>
auto bind(const xt::xscalar<C>& scalar) {
  using Constant = std::conditional_t<is_dual<std::remove_cvref_t<C>>, Scalar, Real<Scalar>>;
  return ScalarOperand<Constant>(static_cast<Constant>(scalar()));
}
template <class T, class Scalar = T, class F, class... C>
auto bind(const xt::xfunction<F, C...>& expression) {
  return std::apply(
      [&](const auto&... each) {
        using Own = scalar_type<Scalar, decltype(bind<T, Scalar>(each))...>;
        return FunctionOperand<T, std::remove_cvref_t<F>, decltype(bind<T, Own>(each))...>(
            expression.functor(), bind<T, Own>(each)...);
      },
      expression.arguments());
}

}  // namespace xtape::detail
