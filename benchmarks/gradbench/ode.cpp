// An ordinary differential equation by the method of Runge and Kutta: y0' = x0, yi' = xi y(i-1). As
// in lstm.cpp, the steps are recorded in parts that fit the caches, and the last part is
// differentiated first.
#include <algorithm>

#include "benchmarks/gradbench/eval.hpp"

namespace gradbench {

namespace {

constexpr int part_size = 5;  // steps in a recording

struct Equation {
  Array<double> x;
  int steps;

  explicit Equation(const json& in) : x(numbers(in.at("x"))), steps(in.at("s")) {}

  // Returns y at the end of the part that begins at a step, from y before it.
  Variable part(int begin, Variable y) const {
    const double h = 2.0 / steps;
    const auto factors = y.tape().parameter(x), one = y.tape().constant(Array<double>{1});
    const auto slope = [&](Variable at) { return factors * concatenate(one, slice(at, 0, -1)); };
    for (int step = begin; step < std::min(begin + part_size, steps); ++step) {
      const auto k1 = slope(y), k2 = slope(y + h / 2 * k1), k3 = slope(y + h / 2 * k2);
      const auto k4 = slope(y + h * k3);
      y += h / 6 * (k1 + 2 * (k2 + k3) + k4);
    }
    return y;
  }

  // Returns y before each part, and at the end.
  std::vector<Array<double>> states(Tape& tape) const {
    const NoGrad guard{tape};
    std::vector<Array<double>> all{Array<double>(x.shape(), 0.0)};
    for (int begin = 0; begin < steps; begin += part_size) {
      tape.rewind();
      all.push_back(part(begin, tape.constant_view(all.back())).value());
    }
    return all;
  }
};

Answer primal(const json& in) {
  const Equation equation(in);
  Tape tape;
  const auto compute = [&] { return equation.states(tape).back(); };
  return repeat(in, compute, lists);
}

// The gradient of the last element of y.
Answer last_slope(const json& in) {
  const Equation equation(in);
  Tape tape;
  const auto compute = [&] {
    const auto states = equation.states(tape);
    Array<double> slope(equation.x.shape(), 0.0), y_slope = slope;
    y_slope(y_slope.size() - 1) = 1;  // of y after a part
    for (int i = static_cast<int>(states.size()) - 2; i >= 0; --i) {
      tape.rewind();
      const auto y = tape.variable(states[static_cast<std::size_t>(i)]);
      tape.backward(sum(equation.part(i * part_size, y) * y_slope));
      y_slope = y.grad();
      slope += tape.grad(equation.x);
    }
    return slope;
  };
  return repeat(in, compute, lists);
}

}  // namespace

Functions ode() { return {{"primal", primal}, {"gradient", last_slope}}; }

}  // namespace gradbench
