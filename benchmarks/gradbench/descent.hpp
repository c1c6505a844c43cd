#pragma once

#include <cmath>
#include <cstddef>
#include <utility>

#include "benchmarks/gradbench/eval.hpp"

namespace gradbench {

/// The value of a function of an array, and its gradient.
using ValueAndGradient = std::pair<double, Array<double>>;

/// Differentiates a function in reverse.
class Reverse {
 public:
  template <class F>
  ValueAndGradient operator()(const F& f, const Array<double>& at) {
    tape_.rewind();
    const auto loss = f(tape_.parameter(at));
    tape_.backward(loss);
    return {loss.item(), tape_.grad(at)};
  }

 private:
  Tape tape_;
};

/// Differentiates a function forward, one pass for each number.
class Forward {
 public:
  template <class F>
  ValueAndGradient operator()(const F& f, const Array<double>& at) {
    ValueAndGradient both{0, at};
    Array<double> direction(at.shape(), 0.0);
    for (std::size_t k = 0; k < at.size(); ++k) {
      direction.data()[k] = 1;
      tape_.rewind();
      const auto x = tape_.variable(at);
      tape_.seed(x, direction);
      const auto loss = f(x).item();
      both.first = loss.value;
      both.second.data()[k] = loss.tangent;
      direction.data()[k] = 0;
    }
    return both;
  }

 private:
  xtape::Tape<xtape::Dual<double>> tape_;
};

/// Returns a minimum of f near x by gradient descent, as "particle" and "saddle" ask for it: the
/// rate doubles after ten steps downwards, and halves instead of a step upwards. The mode, Reverse
/// or Forward, computes the gradients.
template <class Mode, class F>
Array<double> minimum(Mode& mode, Array<double> x, const F& f) {
  constexpr double tolerance = 1e-5;
  const auto length = [](const auto& v) { return std::sqrt(xt::sum(v * v)()); };
  auto [value, slope] = mode(f, x);
  double rate = 1e-5;
  for (int steps = 0; length(slope) > tolerance;) {
    const Array<double> next = x - rate * slope;
    if (length(next - x) <= tolerance) {
      break;
    }
    auto [next_value, next_slope] = mode(f, next);
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
