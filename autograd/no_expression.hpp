#pragma once

#include <type_traits>

#include "autograd/tape.hpp"

/// @file
/// Declarations that keep Variables out of xtensor's expressions. xtensor would treat a Variable as
/// a number, and would record nothing.

namespace xtape {

namespace detail {

/// The scalar type of a Variable. For any other type, it is void.
template <class Operand>
struct VariableScalar {
  using type = void;
};
template <class T>
struct VariableScalar<Variable<T>> {
  using type = T;
};
template <class Operand>
using variable_scalar = typename VariableScalar<std::remove_cvref_t<Operand>>::type;

}  // namespace detail

/// True if `Operand` is a Variable or a reference to one.
template <class Operand>
inline constexpr bool is_variable = !std::is_void_v<detail::variable_scalar<Operand>>;

namespace detail {

/// The kind of an xtensor expression with a Variable among its operands.
struct VariableTag {};

/// The result type of an xtensor expression with a Variable. Its construction does not compile.
template <class F>
struct NoExpression {
  template <class... Operands>
  NoExpression(Operands&&...) {
    static_assert(sizeof...(Operands) == 0,
                  "xtape: xtensor's functions record nothing of a Variable: use an op of xtape, or "
                  "x.value() where no gradient is wanted");
  }
};

}  // namespace detail

}  // namespace xtape

namespace xt::extension {

/// The kind of a Variable that xtensor treats as a number.
template <class V>
requires xtape::is_variable<V>
struct get_expression_tag<xscalar<V>> {
  using type = xtape::detail::VariableTag;  ///< Required by xtensor.
};

}  // namespace xt::extension

namespace xt::detail {

/// The result of a function of an operand with the tag VariableTag.
template <class F, class... Operands>
struct select_xfunction_expression<xtape::detail::VariableTag, F, Operands...> {
  using type = xtape::detail::NoExpression<F>;  ///< Required by xtensor.
};

}  // namespace xt::detail
