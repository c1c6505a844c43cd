#pragma once

#include <cmath>
#include <utility>

#include "benchmarks/gradbench/eval.hpp"

namespace gradbench {

/// Returns a minimum of f near x by gradient descent, as "particle" and "saddle" ask for it: the
/// rate doubles after ten steps downwards, and halves instead of a step upwards.
template <class F>
Array<double> minimum(Tape& tape, Array<double> x, F f) {
  constexpr double tolerance = 1e-5;
  const auto length = [](const auto& v) { return std::sqrt(xt::sum(v * v)()); };
  const auto value_and_grad = [&](const Array<double>& at) {
    tape.rewind();
    const auto loss = f(tape.parameter(at));
    tape.backward(loss);
    return std::pair(loss.item(), tape.grad(at));
  };
  auto [value, slope] = value_and_grad(x);
  double rate = 1e-5;
  for (int steps = 0; length(slope) > tolerance;) {
    const Array<double> next = x - rate * slope;
    if (length(next - x) <= tolerance) {
      break;
    }
    auto [next_value, next_slope] = value_and_grad(next);
    if (next_value < value) {
      x = next;
      value = next_value;
      slope = std::move(next_slope);
      ++steps;
    } else {
      rate /= 2;
      steps = 0;
    }
    if (steps == 10) {
      rate *= 2;
      steps = 0;
    }
  }
  return x;
}

}  // namespace gradbench
