#pragma once

#include <concepts>
#include <type_traits>

#include "tensor/array.hpp"
#include "tensor/operands.hpp"
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

/// Moves an operand's cursor to the next row of an array of this shape. `index` is that of the row.
template <class Operand>
void advance_row(Operand& operand, const Shape& shape, Shape& index) {
  for (std::size_t from_last = 1; from_last <= index.size(); ++from_last) {
    const std::size_t axis = index.size() - from_last;
    if (++index[axis] < shape[axis]) {
      operand.advance(from_last, 1);
      return;
    }
    operand.advance(from_last, 1 - static_cast<std::ptrdiff_t>(shape[axis]));
    index[axis] = 0;
  }
}

/// Evaluates an operand that broadcasts to out's shape, row by row. If its rows are even, as in
/// x + bias, threads share them.
template <class T, class Operand>
void evaluate_rows(Array<T>& out, Operand operand) {
  const Shape& shape = out.shape();
  if (out.size() == 0) {
    return;
  }
  const std::size_t columns = shape.empty() ? 1 : shape.back();
  const bool even = operand.has_even_rows(shape);
  const auto data = out.data();
  parallel(out.size() / columns, 1, even ? out.size() : 0, [&](std::size_t begin, std::size_t end) {
    Operand own = operand;
    Shape index(shape.empty() ? 0 : shape.size() - 1, 0);
    for (std::size_t row = begin; row < end; ++row) {
      if (even) {
        own.go_to_row(row);
      }
      evaluate_range<false, T>(data + row * columns, own, 0, columns);
      if (!even) {
        advance_row(own, shape, index);
      }
    }
  });
}

/// Evaluates an operand of the shape of `out`, which has any number of elements.
template <class T, class Operand>
[[gnu::noinline]] void evaluate_linear_loop(Array<T>& out, const Operand& operand) {
  const auto data = out.data();
  parallel(out.size(), 64, out.size(), [&](std::size_t begin, std::size_t end) {
    evaluate_range<true, T>(data, operand, begin, end);
  });
}

/// Evaluates an operand of the shape of `out`. One element, as in scalar code, takes no call.
template <class T, class Operand>
[[gnu::always_inline]] inline void evaluate_linear(Array<T>& out, const Operand& operand) {
  if (out.size() == 1) {
    out.data()[0] = static_cast<T>(operand.template at<true>(0));
  } else {
    evaluate_linear_loop(out, operand);
  }
}

/// Gives `out` the shape of the operand, then evaluates it. Not inlined, because a recording that
/// repeats has the shape already, and small code stays in the processor's cache.
template <class T, class Operand>
[[gnu::noinline]] void evaluate_reshaped(const char* operation, Array<T>& out,
                                         const Operand& operand) {
  Shape shape;
  operand.broadcast(operation, shape);
  resize(out, shape, operation);
  if (operand.matches(shape)) {
    evaluate_linear_loop(out, operand);
  } else {
    evaluate_rows(out, operand);
  }
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
/// `operation`, if the operands do not broadcast, or the result has too many axes or elements. The
/// same holds if an array was moved from and has lost its elements.
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
    if (operand.shaped && operand.matches(out.shape())) {
      if (!out.is_whole()) [[unlikely]] {
        out.resize(out.shape());
      }
      detail::evaluate_linear(out, operand);
      return;
    }
    detail::evaluate_reshaped(operation, out, operand);
  } else {
    resize(out, shape_of<T>(operation, expression), operation);
    xt::noalias(out) = expression;
  }
}

}  // namespace xtape
