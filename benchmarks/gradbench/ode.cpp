// An ordinary differential equation by the method of Runge and Kutta: y0' = x0, yi' = xi y(i-1).
#include "benchmarks/gradbench/eval.hpp"

namespace gradbench {

namespace {

// Returns y at time 2 after a number of steps from y = 0.
Variable solution(Variable x, int steps) {
  const double h = 2.0 / steps;
  const auto one = x.tape().constant(Array<double>{1});
  const auto slope = [&](Variable y) { return x * concatenate(one, slice(y, 0, -1)); };
  Variable y = x.tape().constant(Array<double>(x.shape(), 0.0));
  for (int step = 0; step < steps; ++step) {
    const auto k1 = slope(y), k2 = slope(y + h / 2 * k1), k3 = slope(y + h / 2 * k2);
    const auto k4 = slope(y + h * k3);
    y += h / 6 * (k1 + 2 * (k2 + k3) + k4);
  }
  return y;
}

}  // namespace

Functions ode() {
  return {{"primal",
           [](const json& in) {
             const int steps = in.at("s");
             return value(in, numbers(in.at("x")), [=](auto x) { return solution(x, steps); });
           }},
          {"gradient", [](const json& in) {
             const int steps = in.at("s");
             return gradient(in, numbers(in.at("x")),
                             [=](auto x) { return select(solution(x, steps), -1); });
           }}};
}

}  // namespace gradbench
