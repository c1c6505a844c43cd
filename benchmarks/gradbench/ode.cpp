// An ordinary differential equation by the method of Runge and Kutta: y0' = x0, yi' = xi y(i-1). As
// in lstm.cpp, the steps are recorded in parts that fit the caches, and the last part is
// differentiated first. The right side of the equation and the sums of a step are ops of this file,
// as docs/guides/write-an-op.md shows. So a step takes 8 nodes, and 24 without them.
#include <algorithm>

#include "benchmarks/gradbench/eval.hpp"

namespace gradbench {

namespace {

constexpr int part_size = 5;  // steps in a recording

// Returns the right side x * (1, y0, y1, ...).
Variable slope(Variable x, Variable y) {
  const std::size_t n = x.shape()[0];
  return xtape::define(
      "slope", {x, y},
      [&](Array<double>& result) {
        xtape::resize(result, x.shape());
        const double *factors = x.value().data(), *at = y.value().data();
        double* s = result.data();
        s[0] = factors[0];
        for (std::size_t i = 1; i < n; ++i) {
          s[i] = factors[i] * at[i - 1];
        }
      },
      [=](auto result, Array<double>& gradient, double beta) {
        const double *ds = result.grad().data(), *at = y.value().data();
        double* dx = gradient.data();
        dx[0] = (beta == 0 ? 0 : dx[0]) + ds[0];
        for (std::size_t i = 1; i < n; ++i) {
          dx[i] = (beta == 0 ? 0 : dx[i]) + ds[i] * at[i - 1];
        }
      },
      [=](auto result, Array<double>& gradient, double beta) {
        const double *ds = result.grad().data(), *factors = x.value().data();
        double* dy = gradient.data();
        for (std::size_t i = 1; i < n; ++i) {
          dy[i - 1] = (beta == 0 ? 0 : dy[i - 1]) + ds[i] * factors[i];
        }
        dy[n - 1] = beta == 0 ? 0 : dy[n - 1];
      });
}

constexpr auto unchanged = [](auto result) -> const auto& { return result.grad(); };

// Returns y + h k.
Variable along(Variable y, double h, Variable k) {
  return xtape::define("along", {y, k}, y.value() + h * k.value(), unchanged,
                       [=](auto result) { return h * result.grad(); });
}

// Returns y + h / 6 (k1 + 2 k2 + 2 k3 + k4).
Variable along(Variable y, double h, Variable k1, Variable k2, Variable k3, Variable k4) {
  const auto sixth = [h](auto result) { return h / 6 * result.grad(); };
  const auto third = [h](auto result) { return h / 3 * result.grad(); };
  return xtape::define(
      "along_all", {y, k1, k2, k3, k4},
      y.value() + h / 6 * (k1.value() + 2.0 * (k2.value() + k3.value()) + k4.value()), unchanged,
      sixth, third, third, sixth);
}

struct Equation {
  Array<double> x;
  int steps;

  explicit Equation(const json& in) : x(numbers(in.at("x"))), steps(in.at("s")) {}

  // Returns y at the end of the part that begins at a step, from y before it.
  Variable part(int begin, Variable y) const {
    const double h = 2.0 / steps;
    const auto factors = y.tape().parameter(x);
    for (int step = begin; step < std::min(begin + part_size, steps); ++step) {
      const auto k1 = slope(factors, y), k2 = slope(factors, along(y, h / 2, k1));
      const auto k3 = slope(factors, along(y, h / 2, k2)), k4 = slope(factors, along(y, h, k3));
      y = along(y, h, k1, k2, k3, k4);
    }
    return y;
  }

  // Writes y before each part, and at the end. `states` keeps its memory from run to run.
  void integrate(Tape& tape, std::vector<Array<double>>& states) const {
    const NoGrad guard{tape};
    states.resize(1 + static_cast<std::size_t>((steps + part_size - 1) / part_size));
    states[0] = Array<double>(x.shape(), 0.0);
    for (std::size_t i = 1; i < states.size(); ++i) {
      tape.rewind();
      const int begin = static_cast<int>(i - 1) * part_size;
      states[i] = part(begin, tape.constant_view(states[i - 1])).value();
    }
  }
};

Answer primal(const json& in) {
  const Equation equation(in);
  Tape tape;
  std::vector<Array<double>> states;
  const auto compute = [&] { return equation.integrate(tape, states), states.back(); };
  return repeat(in, compute, lists);
}

// The gradient of the last element of y.
Answer last_slope(const json& in) {
  const Equation equation(in);
  Tape tape;
  std::vector<Array<double>> states;
  const auto compute = [&] {
    equation.integrate(tape, states);
    Array<double> slope(equation.x.shape(), 0.0), y_slope = slope;
    y_slope(y_slope.size() - 1) = 1;  // of y after a part
    for (std::size_t i = states.size() - 1; i-- > 0;) {
      tape.rewind();
      const auto y = tape.variable(states[i]);
      tape.backward(sum(equation.part(static_cast<int>(i) * part_size, y) * y_slope));
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
