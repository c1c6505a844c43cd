#pragma once

#include <type_traits>

#include "autograd/no_expression.hpp"
#include "autograd/record.hpp"

/// @file
/// Ops of two operands of which one is an array: a constant of the tape.

namespace xtape {

/// One of the operands A and B is a Variable, the other an array or xtensor expression.
template <class B, class A>
concept BesideArray = (is_variable<A> && Expression<B>) || (is_variable<B> && Expression<A>);

/// The scalar type of the Variable among two operands.
template <class A, class B>
using scalar_of =
    std::conditional_t<is_variable<A>, detail::variable_scalar<A>, detail::variable_scalar<B>>;

namespace detail {

/// Returns op(a, b) with the array among them as a constant of the other's tape, which is as it was
/// before when this throws.
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
