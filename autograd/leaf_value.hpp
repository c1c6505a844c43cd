#pragma once

#include <concepts>
#include <type_traits>

#include "tensor/arena.hpp"
#include "tensor/assign.hpp"
#include "tensor/narrowing.hpp"

namespace xtape::detail {

/// Lets a callable write the values of an array of Dual numbers. The tangents become 0.
template <class F, class Callable>
void write_values(const char* op, const Callable& callable, Arena& arena, Array<Dual<F>>& y) {
  if constexpr (is_dual<F>) {
    Array<Real<F>> values;
    callable(values);
    require_whole(op, values);
    resize(y, values.shape(), op);
    y.storage().set_values(values.data());
  } else {
    Array<F> values(arena);  // has the memory of y meanwhile
    y.storage().trade_values(values.storage());
    callable(values);
    require_whole(op, values);
    y.storage().trade_values(values.storage());
    y.resize(values.shape());
  }
  y.storage().drop_tangents();
}

/// Writes what a tape takes for a constant or a variable to y: a number, an xtensor expression, or
/// what a callable writes. y may not be whole afterwards. On a tape of Dual numbers, arrays and
/// callables of plain numbers give values whose tangents are 0.
template <class T, class Value>
void write_leaf(const char* op, const Value& value, Arena& arena, Array<T>& y) {
  if constexpr (std::is_arithmetic_v<Value>) {
    resize(y, Shape{});
    y.storage().data()[0] = static_cast<T>(value);
  } else if constexpr (is_dual<T> && std::is_same_v<Value, Array<Real<T>>>) {
    require_whole(op, value);
    resize(y, value.shape());
    y.storage().set_values(value.data());
  } else if constexpr (Expression<Value>) {
    static_assert(!loses_digits<Value, T>,
                  "xtape: an array of double would lose digits on a Tape<float>: write "
                  "xt::cast<float>(array), or compute with a Tape<double>");
    assign(op, y, value);
  } else if constexpr (is_dual<T> && std::invocable<const Value&, Array<Real<T>>&>) {
    write_values(op, value, arena, y);
  } else if constexpr (std::invocable<const Value&, Array<T>&>) {
    value(y);
  } else {
    static_assert(sizeof(Value) == 0,
                  "xtape: a value for the tape is an array, an xtensor expression, a number, or a "
                  "callable (Array<T>& out); xtape::array(range, shape) makes an array of a "
                  "std::vector or std::span");
  }
}

}  // namespace xtape::detail
