#pragma once

#include <cxxabi.h>

#include <algorithm>
#include <concepts>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>

/// @file
/// The names of modules in tables and errors.

namespace xtape::nn::detail {

/// Returns the name of a type with its namespaces and arguments: "xtape::nn::Linear<float>".
template <class L>
std::string type_name() {
  const char* mangled = typeid(L).name();
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(mangled, nullptr, nullptr, &status), &std::free);
  return name != nullptr ? name.get() : mangled;
}

/// Returns the unqualified name of a class: "Linear". Lambdas and pointers to functions are called
/// "Function".
template <class L>
std::string class_name() {
  std::string name = type_name<L>();
  for (const std::string_view mark : {"{lambda", "'lambda", "$_", "(*)"}) {
    if (name.find(mark) != std::string::npos) {
      return "Function";
    }
  }
  name.resize(std::min(name.size(), name.find('<')));
  return name.substr(name.rfind(':') + 1);
}

/// Returns module.describe(), or the name of its class if it has no describe().
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
