#pragma once

#include <concepts>
#include <tuple>
#include <type_traits>

#include "tensor/array.hpp"
#include "tensor/dual_math.hpp"
#include "tensor/lanes.hpp"
#include "tensor/parallel.hpp"
#include "tensor/scratch.hpp"

/// @file
/// Evaluation of lazy xtensor expressions at the speed of a plain loop, with any broadcasting.
///
/// xtensor's own assignment is fast only if all operands have one shape. Here, an expression is
/// bound once to a tree of plain operands (pointers and scalars). One loop then evaluates the tree,
/// a vector register at a time.

namespace xtape {

/// A type that xtensor can evaluate: an array, a scalar, or a lazy expression of them.
template <class E>
concept Expression = xt::is_xexpression<std::remove_cvref_t<E>>::value;

namespace detail {

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
/// it. Integer arithmetic is left to xtensor. Here, scalars take a floating-point type, and that
/// would change an integer division.
template <class E, class T>
inline constexpr bool bindable = false;
template <class T>
inline constexpr bool bindable<Array<T>, T> = true;
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

/// Writes elements [begin, end) of the operand's row to the same places of `out`.
template <bool Linear, class T, class Operand>
void evaluate_range(typename Storage<T>::pointer out, const Operand& operand, std::size_t begin,
                    std::size_t end) {
  std::size_t j = begin;
  if constexpr (Operand::vectorized && batch_size < T >> 1) {
    for (; j + batch_size<T> <= end; j += batch_size<T>) {
#ifdef XTENSOR_USE_XSIMD
      store_lanes(operand.template load<Linear>(j), out + j);
#endif
    }
  }
  for (; j < end; ++j) {
    out[j] = static_cast<T>(operand.template at<Linear>(j));
  }
}

/// Evaluates an operand that broadcasts to out's shape, row by row.
template <class T, class Operand>
void evaluate_rows(Array<T>& out, Operand operand) {
  const Shape& shape = out.shape();
  if (out.size() == 0) {
    return;
  }
  const std::size_t outer_axes = shape.empty() ? 0 : shape.size() - 1;
  const std::size_t columns = shape.empty() ? 1 : shape.back();
  Shape index(outer_axes, 0);
  const auto end = out.data() + out.size();
  for (auto row = out.data(); row != end; row += columns) {
    evaluate_range<false, T>(row, operand, 0, columns);
    for (std::size_t from_last = 1; from_last <= outer_axes; ++from_last) {
      const std::size_t axis = outer_axes - from_last;
      if (++index[axis] < shape[axis]) {
        operand.advance(from_last, 1);
        break;
      }
      operand.advance(from_last, 1 - static_cast<std::ptrdiff_t>(shape[axis]));
      index[axis] = 0;
    }
  }
}

template <class T, class Operand>
void evaluate_linear(Array<T>& out, const Operand& operand) {
  const auto data = out.data();
  parallel(out.size(), 64, out.size(), [&](std::size_t begin, std::size_t end) {
    evaluate_range<true, T>(data, operand, begin, end);
  });
}

/// True if an expression of numbers without tangents is written to an array of Dual numbers.
template <class E, class T>
inline constexpr bool is_constant_of = is_dual<T> && !is_dual<typename E::value_type>;

}  // namespace detail

/// Returns the shape of an expression's value. Throws ShapeError, with the name `operation`, if its
/// operands do not broadcast.
template <class T, class E>
Shape shape_of(const char* operation, const E& expression) {
  if constexpr (detail::bindable<E, T>) {
    Shape shape;
    detail::bind<T>(expression).broadcast(operation, shape);
    return shape;
  } else {
    try {
      return Shape(expression.shape().begin(), expression.shape().end());
    } catch (const xt::broadcast_error&) {
      fail<ShapeError>("{}: the operands' shapes do not broadcast", operation);
    }
  }
}

/// True if broadcasting the expression against `shape` gives `shape`, so that assign_into() can
/// write it there. Throws ShapeError, with the name `operation`, if they do not broadcast.
template <class T, class E>
bool stretches_to(const char* operation, const E& expression, const Shape& shape) {
  return same_shape(broadcast_shapes(operation, shape, shape_of<T>(operation, expression)), shape);
}

/// Computes out = expression, broadcast to the shape that `out` already has, without a temporary.
/// `out` may be an operand if the shapes are the same. The third template parameter separates the
/// code of files that are compiled for different processors. Throws ShapeError, with the name
/// `operation`, if an array was moved from and has lost its elements.
template <class T, class E, class = detail::Batch<T>>
void assign_into(Array<T>& out, const E& expression, const char* operation = "assign_into") {
  static_assert(!detail::is_constant_of<E, T>, "a part of an array of Dual numbers is Dual");
  require_whole(operation, out);
  detail::require_whole_operands(operation, expression);
  if constexpr (detail::bindable<E, T>) {
    const auto operand = detail::bind<T>(expression);
    if (operand.matches(out.shape())) {
      detail::evaluate_linear(out, operand);
    } else {
      detail::evaluate_rows(out, operand);
    }
  } else {
    xt::noalias(out) = xt::broadcast(expression, out.shape());
  }
}

/// Does the same as assign_into() and returns true, if every array in the expression has the shape
/// of `out`. Otherwise, returns false and writes nothing.
template <class T, class E, class = detail::Batch<T>>
bool assign_same_shape(Array<T>& out, const E& expression, const char* operation) {
  if constexpr (detail::bindable<E, T>) {
    detail::require_whole_operands(operation, expression);
    const auto operand = detail::bind<T>(expression);
    if (operand.matches(out.shape()) && out.is_whole()) {
      detail::evaluate_linear(out, operand);
      return true;
    }
  }
  return false;
}

/// Computes out = expression without a temporary. `out` takes the shape of the expression. `out`
/// must not be an operand unless it already has that shape. Throws ShapeError, with the name
/// `operation`, if the operands do not broadcast, if the result has too many axes or elements, or
/// if an array was moved from and has lost its elements.
template <class T, class E, class = detail::Batch<T>>
void assign(const char* operation, Array<T>& out, const E& expression) {
  detail::require_whole_operands(operation, expression);
  if constexpr (detail::is_constant_of<E, T>) {
    Array<Real<T>>& values = scratch<Array<Real<T>>, struct ConstantValues>();
    assign(operation, values, expression);
    resize(out, values.shape(), operation);
    std::copy_n(values.data(), values.size(), out.storage().values());
    out.storage().drop_tangents();
  } else if constexpr (detail::bindable<E, T>) {
    const auto operand = detail::bind<T>(expression);
    if (operand.shaped && operand.matches(out.shape()) && detail::is_whole(out)) {
      detail::evaluate_linear(out, operand);
      return;
    }
    Shape shape;
    operand.broadcast(operation, shape);
    resize(out, shape, operation);
    if (operand.matches(shape)) {
      detail::evaluate_linear(out, operand);
    } else {
      detail::evaluate_rows(out, operand);
    }
  } else {
    resize(out, shape_of<T>(operation, expression), operation);
    xt::noalias(out) = expression;
  }
}

}  // namespace xtape
