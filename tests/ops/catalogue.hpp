#pragma once

#include <functional>
#include <string>
#include <vector>

namespace xtape {

/// What to ask of an op: are its gradients right, does it cope with NaN and infinity, does a failed
/// allocation leave a tape that works?
enum class Probe { gradients, hostile_numbers, failing_allocations };

/// A Catch2 assertion or more about an op.
using Check = std::function<void(Probe)>;

/// An op that a header of autograd/ declares, one for each overload, and its checks.
struct CatalogueEntry {
  std::string op;
  std::vector<Check> checks;
};

/// Every op, in the order of the headers.
const std::vector<CatalogueEntry>& catalogue();

}  // namespace xtape
