#pragma once

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <utility>
#include <vector>

#include "autograd/ops/reductions.hpp"
#include "autograd/tape.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/numbers.hpp"
#include "tests/support/operands.hpp"

/// The values and gradients of ops, for comparison with plainly written formulas.

namespace xtape {

/// Lengths below, at and above the vector registers of either precision, with tails of every kind.
inline constexpr std::size_t ragged_lengths[] = {1, 7, 15, 16, 17, 33, 100};

/// The relative rounding error that a few operations may add up to.
template <class T>
inline constexpr double rounding = 8 * static_cast<double>(std::numeric_limits<T>::epsilon());

template <class T>
struct Evaluated {
  Array<T> value;
  Array<T> grad;  // of the sum of the value
};

template <class T, class Op>
Evaluated<T> evaluate(Op op, const Array<T>& at) {
  Tape<T> tape;
  const Variable<T> x = tape.variable(at);
  const Variable<T> y = op(x);
  tape.backward(sum(y));
  return {y.value(), x.grad()};
}

/// The value and the derivative of an op at one number, which must come out wherever in an array it
/// stands: in full vector registers and in the tail, which may differ by the relative tolerance.
struct Point {
  double value, slope;
};

template <class T, class Op>
Point at_point(Op op, double x, double tolerance = rounding<T>) {
  const Evaluated<T> all = evaluate(op, array_of<T>(std::vector<double>(37, x)));
  const auto only = [&](const Array<T>& array) {
    const auto first = static_cast<double>(array.data()[0]);
    const bool everywhere = std::all_of(array.data(), array.data() + array.size(), [&](T element) {
      const auto other = static_cast<double>(element);
      return other == first || (std::isnan(other) && std::isnan(first)) ||
             std::abs(other - first) <= tolerance * std::abs(first);
    });
    INFO("at " << x);
    CHECK(everywhere);
    return first;
  };
  return {only(all.value), only(all.grad)};
}

}  // namespace xtape

/// Checks that an op throws a `Type` with exactly this message, and leaves the tape as it was.
#define CHECK_REFUSED(tape, expression, Type, message) \
  do {                                                 \
    const std::size_t size_before = (tape).size();     \
    CHECK_FAILS(expression, Type, message);            \
    CHECK((tape).size() == size_before);               \
  } while (false)
