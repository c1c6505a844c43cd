#pragma once

#include <functional>
#include <string>
#include <vector>

namespace xtape {

/// An op that a header of autograd/ declares, one for each overload, and the checks of its
/// gradient, each of which is a Catch2 assertion or more.
struct CatalogueEntry {
  std::string op;
  std::vector<std::function<void()>> checks;
};

/// Every op, in the order of the headers.
const std::vector<CatalogueEntry>& catalogue();

}  // namespace xtape
