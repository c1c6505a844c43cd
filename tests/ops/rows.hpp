#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "tests/ops/table.hpp"
#include "tests/support/operands.hpp"

/// Words for rows of the table: domains, and lists of numbers.

namespace xtape {

using Rows = std::vector<Row>;
using List = std::vector<double>;

constexpr Domain any = Domain::any;
constexpr Domain above_0 = Domain::positive;
constexpr Domain around_0 = Domain::off_zero;
constexpr Domain apart = Domain::distinct;
constexpr Domain bounded = Domain::bounded;
constexpr Domain wholes = Domain::wholes;
constexpr Domain halves = Domain::halves;

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double normal = std::numeric_limits<double>::min();
constexpr double tiny = std::numeric_limits<double>::denorm_min(), small = 1e-310, huge = 1e300;

/// The lists joined, after some numbers near 0.
inline List near_zero(const List& others) {
  List list{0.0, -0.0, 1e-20, -1e-20, 1e-8, -1e-8};
  list.insert(list.end(), others.begin(), others.end());
  return list;
}

}  // namespace xtape
