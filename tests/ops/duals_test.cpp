#include "tests/ops/duals.hpp"

#include <set>
#include <string>

#include "tensor/kernels/factor.hpp"
#include "tests/support/catch.hpp"

using namespace xtape;

namespace {

template <class Check>
void for_each_dual_row(Check check) {
  for (const Row& row : table()) {
    if (takes_duals(row)) {
      DYNAMIC_SECTION(row.overload << ": " << row.text) { check(row); }
    }
  }
}

}  // namespace

TEST_CASE("every op takes Dual numbers, but for those that say that they do not") {
  std::set<std::string> without;
  for (const Row& row : table()) {
    if (!takes_duals(row)) {
      without.insert(row.op);
    }
  }
  const std::set<std::string> expected{"cholesky", "inverse", "slogdet", "solve",
                                       "triangular_solve"};
  CHECK(without == (has_lapack() ? expected : std::set<std::string>{}));
}

TEST_CASE("every op computes on a tape of Dual numbers what it does on a plain one") {
  for_each_dual_row(check_values_of_duals);
}

TEST_CASE("every op agrees forward and in reverse") { for_each_dual_row(check_tangents); }

TEST_CASE("every op has the right second derivatives") {
  for_each_dual_row(check_second_derivatives);
}
