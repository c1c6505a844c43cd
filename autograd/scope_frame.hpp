#pragma once

#include <string>

namespace xtape::detail {

/// An entry in the list of a tape's current scopes. See autograd/scope.hpp.
struct ScopeFrame {
  const ScopeFrame* outer;
  const void* name;
  std::string (*describe)(const void* name);
};

}  // namespace xtape::detail
