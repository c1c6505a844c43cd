#pragma once

#include <concepts>
#include <limits>
#include <type_traits>

#include "tensor/dual.hpp"
#include "tensor/xtensor.hpp"

/// @file
/// A check at compile time: does an expression lose digits in another number type?

namespace xtape {

namespace detail {

template <class E>
constexpr auto own_numbers();

/// The type of an expression's elements, as it follows from the arrays, functions and casts in the
/// expression. Numbers such as the 2.0 in `2.0 * x` take the type of the arrays beside them. If an
/// expression has only numbers and comparisons, the type is bool.
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

/// True if the arrays in expression `E` hold numbers of more digits than `T`, for example double if
/// `T` is float. Always false for `xt::cast<T>(expression)`.
template <class E, class T>
inline constexpr bool loses_digits =
    std::floating_point<detail::OwnNumbers<E>>&&
        std::numeric_limits<detail::OwnNumbers<E>>::digits > std::numeric_limits<Real<T>>::digits;

}  // namespace xtape
