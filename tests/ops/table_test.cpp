#include "tests/ops/table.hpp"

#include <algorithm>

#include "tensor/kernels/factor.hpp"
#include "tests/ops/check.hpp"
#include "tests/ops/declared.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/catch.hpp"

using namespace xtape;

TEST_CASE("every op that is declared has a row, each of its overloads") {
  const auto declared = declared_ops();
  CHECK(declared.size() > 20);
  for (const auto& [op, count] : count_by_name(declared)) {
    INFO(op << " is declared " << count << " times in autograd/ops/*.hpp; the table of ops has "
            << overloads_of(op).size() << " overloads of it");
    const auto needs_lapack = [&name = op](const Declared& each) {
      return each.op == name && each.family == "linear_algebra";
    };
    const bool left_out =
        !has_lapack() && std::any_of(declared.begin(), declared.end(), needs_lapack);
    CHECK(overloads_of(op).size() == (left_out ? 0 : count));
  }
  for (const Row& row : table()) {
    INFO(row.overload << " has a row and is not declared in autograd/ops/*.hpp");
    CHECK(count_by_name(declared).count(row.op) == 1);
  }
}

TEST_CASE("every op has the right gradient, and the same in float") {
  for (const Row& row : table()) {
    DYNAMIC_SECTION(row.overload << ": " << row.text) { check_gradients(row); }
  }
}

TEST_CASE("every op passes a cotangent on, and can be walked again") {
  for (const Row& row : table()) {
    check_cotangents(row);
  }
}

TEST_CASE("every op of each element is its formula") {
  for (const Row& row : table()) {
    check_formula(row);
  }
}

TEST_CASE("every op takes NaN, infinity and numbers at the edges of its type") {
  for (const Row& row : table()) {
    check_hostile_numbers(row);
  }
}

TEST_CASE("every op computes in float what it does in double at the numbers of its row") {
  for (const Row& row : table()) {
    check_numbers_in_float(row);
  }
}

TEST_CASE("every op that an allocation fails leaves a tape that works") {
  COUNTING_OR_SKIP();
  for (const Row& row : table()) {
    check_failing_allocations(row);
  }
}
