#include "tests/ops/duals.hpp"

#include "tests/support/catch.hpp"

using namespace xtape;

namespace {

template <class Check>
void for_each_row(Check check) {
  for (const Row& row : table()) {
    DYNAMIC_SECTION(row.overload << ": " << row.text) { check(row); }
  }
}

}  // namespace

TEST_CASE("every op computes on a tape of Dual numbers what it does on a plain one") {
  for_each_row(check_values_of_duals);
}

TEST_CASE("every op agrees forward and in reverse") { for_each_row(check_tangents); }

TEST_CASE(
    "every op computes the same with absent tangents, with tangents of 0 and subnormal ones") {
  for_each_row(check_operands_at_rest);
}

TEST_CASE("every op has the right second derivatives") { for_each_row(check_second_derivatives); }
