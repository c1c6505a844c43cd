#pragma once

#include <concepts>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

#include "autograd/record.hpp"

/// @file
/// Ops with one gradient per operand.

namespace xtape {

namespace detail {

/// True if an expression owns its parts, so that a function may return it. References to arrays are
/// allowed, because arrays live on the tape.
template <class E>
inline constexpr bool owns_parts = true;
template <class F, class... Parts>
inline constexpr bool owns_parts<xt::xfunction<F, Parts...>> =
    ((!std::is_reference_v<Parts> || requires(Parts part) { part.storage(); }) && ...) &&
    (owns_parts<std::remove_cvref_t<Parts>> && ...);

/// Adds `gradient`, applied to the result y, to the gradient of operand i.
template <class T, class Gradient>
void pass_on(Variable<T> y, std::size_t i, const Gradient& gradient) {
  if constexpr (std::invocable<const Gradient&, Variable<T>, Array<T>&, T>) {
    y.tape().pass_on(y, i,
                     [&] { return [&](Array<T>& grad, T beta) { gradient(y, grad, beta); }; });
  } else {
    using Result = decltype(gradient(y));
    static_assert(!std::same_as<Result, Array<T>>,
                  "a gradient returns a copy of an array: give it the return type `const auto&`");
    static_assert(owns_parts<std::remove_cvref_t<Result>>,
                  "a gradient returns an expression that refers to a local one: std::move it");
    y.tape().pass_on(y, i, [&]() -> decltype(auto) { return gradient(y); });
  }
}

}  // namespace detail

/// Records an op from its operands, its value, and one gradient per operand, in the same order:
/// `define("multiply", {a, b}, a.value() * b.value(), da, db)`. `op` may have attributes, as in
/// record().
///
/// `value` is an xtensor expression over the operands' values, or a callable `(Array<T>& y)` that
/// shapes and fills y. A gradient is a closure over handles and numbers. The tape calls it with the
/// result when the gradient of the result is complete. There are two kinds:
///
/// - `[=](auto y) { return y.grad() * b.value(); }` returns an expression. It is summed over the
///   axes along which the operand was broadcast.
/// - `[=](auto y, Array<T>& da, T beta) { ... }` computes da = beta da + gradient itself. beta is 0
///   or 1. If it is 0, da holds no numbers yet.
///
/// If an operand needs no gradient, its closure is not called. All gradients together capture at
/// most 64 bytes: four handles. The operands are also y.input(0), y.input(1), ... Throws as
/// record() does.
template <class T, std::size_t N, class Value, class... Gradients>
Variable<T> define(const Operation& op, const Variable<T> (&operands)[N], Value&& value,
                   Gradients... gradients) {
  static_assert(sizeof...(Gradients) == N, "an op has one gradient for each operand");
  return operands[0].tape().record(op, std::span<const Variable<T>>(operands),
                                   std::forward<Value>(value), [=](Variable<T> y) {
                                     std::size_t i = 0;
                                     (detail::pass_on(y, i++, gradients), ...);
                                   });
}

}  // namespace xtape
