#pragma once

#include <cstdlib>
#include <string>

namespace xtape::nn::detail {

/// Returns the value of an environment variable. If the variable is not set, the result is empty.
inline std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace xtape::nn::detail
