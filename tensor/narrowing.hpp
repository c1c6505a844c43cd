#pragma once

#include <concepts>
#include <limits>
#include <type_traits>

#include "tensor/xtensor.hpp"

/// @file
/// Finds out at compile time whether an expression would lose digits in another number type.

namespace xtape {

namespace detail {

template <class E>
constexpr auto own_numbers();

/// The type that an expression's arrays give its elements, through functions and casts. Numbers
/// such as the 2.0 in `2.0 * x` take the type of the arrays beside them; an expression of numbers
/// and comparisons alone is bool.
template <class E>
using OwnNumbers = typename decltype(own_numbers<std::remove_cvref_t<E>>())::type;

template <class F, class... Arguments>
constexpr auto numbers_of_function(const xt::xfunction<F, Arguments...>*) {
  using Common = std::common_type_t<bool, OwnNumbers<Arguments>...>;
  if constexpr (std::same_as<Common, bool>) {
    return std::type_identity<bool>();
  } else {
    return std::type_identity<std::remove_cvref_t<
        std::invoke_result_t<const F&, std::conditional_t<std::same_as<OwnNumbers<Arguments>, bool>,
                                                          Common, OwnNumbers<Arguments>>...>>>();
  }
}

template <class E>
constexpr auto own_numbers() {
  if constexpr (xt::is_xscalar<E>::value) {
    return std::type_identity<bool>();
  } else if constexpr (requires(const E* e) { numbers_of_function(e); }) {
    return numbers_of_function(static_cast<const E*>(nullptr));
  } else if constexpr (requires(const E& e) { e.expression(); }) {  // a view, a reduction
    return std::type_identity<OwnNumbers<decltype(std::declval<const E&>().expression())>>();
  } else {
    return std::type_identity<typename E::value_type>();
  }
}

}  // namespace detail

/// True if the arrays in expression `E` hold numbers of more digits than `T`, as double beside
/// float. `xt::cast<T>(expression)` never does.
template <class E, class T>
inline constexpr bool loses_digits =
    std::floating_point<detail::OwnNumbers<E>>&&
        std::numeric_limits<detail::OwnNumbers<E>>::digits > std::numeric_limits<T>::digits;

}  // namespace xtape
