#pragma once

#include <algorithm>
#include <concepts>
#include <string>
#include <string_view>

/// @file
/// What tables and errors call a module.

namespace xtape::nn::detail {

/// Returns the name of a type as the compiler spells it: "xtape::nn::Linear<float>".
template <class L>
std::string type_name() {
  std::string_view name = __PRETTY_FUNCTION__;  // "... [with L = xtape::nn::Sigmoid; ...]"
  name.remove_prefix(name.find("L = ") + 4);
  return std::string(name.substr(0, name.find_first_of(";]")));
}

/// Returns the unqualified name of a class: "Linear". Lambdas and pointers to functions are called
/// "Function".
template <class L>
std::string class_name() {
  std::string name = type_name<L>();
  for (const std::string_view mark : {"<lambda", "(lambda", "(*)"}) {
    if (name.find(mark) != std::string::npos) {
      return "Function";
    }
  }
  name.resize(std::min(name.size(), name.find('<')));
  return name.substr(name.rfind(':') + 1);
}

/// Returns what the module says of itself, or else the name of its class.
template <class L>
std::string describe(const L& module) {
  if constexpr (requires {
                  { module.describe() } -> std::convertible_to<std::string>;
                }) {
    return module.describe();
  } else {
    return class_name<L>();
  }
}

}  // namespace xtape::nn::detail
