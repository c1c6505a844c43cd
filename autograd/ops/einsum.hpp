#pragma once

#include <concepts>
#include <span>
#include <string_view>

#include "autograd/tape.hpp"

/// @file
/// Einstein's summation convention.

namespace xtape {

/// Returns the sum of products that an equation names: `einsum("bij,bjk->bik", a, b)`. Each operand
/// has one letter for each of its axes. An index that the result lacks is summed, and an index that
/// an operand has twice runs along its diagonal. Without `->`, the result has the indices that
/// occur once, in the order of the alphabet. An axis of extent 1 is repeated. Operands are
/// multiplied from left to right, as matrix products where possible. Throws ValueError if the
/// equation cannot be read, and ShapeError, with the index, if an extent differs.
///@{
template <class T>
Variable<T> einsum(std::string_view equation, std::span<const Variable<T>> operands);
template <class T, std::same_as<Variable<T>>... Rest>
auto einsum(std::string_view equation, Variable<T> first, Rest... rest) {
  const Variable<T> operands[] = {first, rest...};
  return einsum(equation, std::span<const Variable<T>>(operands));
}
///@}

}  // namespace xtape
