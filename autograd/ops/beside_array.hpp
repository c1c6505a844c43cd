#pragma once

#include <concepts>
#include <type_traits>

#include "autograd/no_expression.hpp"
#include "autograd/record.hpp"

/// @file
/// Ops of two operands, one of them an array or a Dual number, which is a constant.

namespace xtape {

namespace detail {

/// An array, an xtensor expression, or a Dual number such as x.item(), beside a Variable.
template <class B, class A>
concept ConstantBeside = is_variable<A> &&
    (Expression<B> ||
     (is_dual<std::remove_cvref_t<B>> && std::same_as<std::remove_cvref_t<B>, variable_scalar<A>>));

}  // namespace detail

/// A Variable beside an array, an xtensor expression or a Dual number, in either order.
template <class B, class A>
concept BesideArray = detail::ConstantBeside<B, A> || detail::ConstantBeside<A, B>;

/// The scalar type of the Variable among two operands.
template <class A, class B>
using scalar_of =
    std::conditional_t<is_variable<A>, detail::variable_scalar<A>, detail::variable_scalar<B>>;

namespace detail {

/// Returns op(a, b). The operand that is an array becomes a constant on the tape of the other
/// operand. A Dual number loses its tangent, as all constants do. Strong exception guarantee: if
/// the op throws, the tape is unchanged.
template <class Op, class A, class B>
auto beside_array(Op op, const A& a, const B& b) {
  if constexpr (is_dual<A> || is_dual<B>) {
    return op(value_of(a), value_of(b));
  } else if constexpr (Expression<A>) {
    return compose(b.tape(), [&] { return op(b.tape().constant(a), b); });
  } else {
    return compose(a.tape(), [&] { return op(a, a.tape().constant(b)); });
  }
}

}  // namespace detail

}  // namespace xtape
