#pragma once

#include <type_traits>

#include "autograd/no_expression.hpp"
#include "autograd/record.hpp"

/// @file
/// Ops of two operands, one of them an array. The array becomes a constant of the tape.

namespace xtape {

/// A Variable beside an array or xtensor expression, in either order.
template <class B, class A>
concept BesideArray = (is_variable<A> && Expression<B>) || (is_variable<B> && Expression<A>);

/// The scalar type of the Variable among two operands.
template <class A, class B>
using scalar_of =
    std::conditional_t<is_variable<A>, detail::variable_scalar<A>, detail::variable_scalar<B>>;

namespace detail {

/// Returns op(a, b). The operand that is an array becomes a constant on the tape of the other
/// operand. Strong exception guarantee: if the op throws, the tape is unchanged.
template <class Op, class A, class B>
auto beside_array(Op op, const A& a, const B& b) {
  if constexpr (Expression<A>) {
    return compose(b.tape(), [&] { return op(b.tape().constant(a), b); });
  } else {
    return compose(a.tape(), [&] { return op(a, a.tape().constant(b)); });
  }
}

}  // namespace detail

}  // namespace xtape
