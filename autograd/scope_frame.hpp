#pragma once

#include <string>

namespace xtape::detail {

/// One of the scopes that a tape is in; see autograd/scope.hpp.
struct ScopeFrame {
  const ScopeFrame* outer;
  const void* name;
  std::string (*describe)(const void* name);
};

}  // namespace xtape::detail
