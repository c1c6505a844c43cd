// An ordinary differential equation by the method of Runge and Kutta: y0' = x0, yi' = xi y(i-1).
// The right side of the equation and the sums of a step are ops of this file, as
// docs/guides/write-an-op.md shows. So a step takes 5 nodes, and 24 without them. If the steps do
// not fit the caches, backward() computes those before the last part again.
#include <algorithm>

#include "benchmarks/gradbench/eval.hpp"

namespace gradbench {

namespace {

constexpr int part_elements = 200'000;  // of y, in all steps that are recorded at once

// Writes the gradient of y[i - 1] + h k[i - 1] in slope(), times `factor`.
void add_before(double factor, Variable result, Array<double>& gradient, double beta) {
  const double *ds = result.grad().data(), *factors = result.input(0).value().data();
  const std::size_t last = gradient.size() - 1;
  double* dy = gradient.data();
  for (std::size_t i = 0; i < last; ++i) {
    dy[i] = (beta == 0 ? 0 : dy[i]) + factor * ds[i + 1] * factors[i + 1];
  }
  dy[last] = beta == 0 ? 0 : dy[last];
}

// Returns the right side at y + h k, which is x * (1, y0 + h k0, y1 + h k1, ...).
Variable slope(Variable x, Variable y, double h, Variable k) {
  const std::size_t n = x.shape()[0];
  return xtape::define(
      "slope", {x, y, k},
      [&](Array<double>& result) {
        xtape::resize(result, x.shape());
        const double *factors = x.value().data(), *at = y.value().data(), *by = k.value().data();
        double* s = result.data();
        s[0] = factors[0];
        for (std::size_t i = 1; i < n; ++i) {
          s[i] = factors[i] * (at[i - 1] + h * by[i - 1]);
        }
      },
      [=](auto result, Array<double>& gradient, double beta) {
        const double *ds = result.grad().data(), *at = y.value().data(), *by = k.value().data();
        double* dx = gradient.data();
        dx[0] = (beta == 0 ? 0 : dx[0]) + ds[0];
        for (std::size_t i = 1; i < n; ++i) {
          dx[i] = (beta == 0 ? 0 : dx[i]) + ds[i] * (at[i - 1] + h * by[i - 1]);
        }
      },
      [](auto result, Array<double>& gradient, double beta) {
        add_before(1, result, gradient, beta);
      },
      [=](auto result, Array<double>& gradient, double beta) {
        add_before(h, result, gradient, beta);
      });
}

constexpr auto unchanged = [](auto result) -> const auto& { return result.grad(); };

// Returns y + h / 6 (k1 + 2 k2 + 2 k3 + k4).
Variable along(Variable y, double h, Variable k1, Variable k2, Variable k3, Variable k4) {
  const auto sixth = [h](auto result) { return h / 6 * result.grad(); };
  const auto third = [h](auto result) { return h / 3 * result.grad(); };
  return xtape::define(
      "along", {y, k1, k2, k3, k4},
      y.value() + h / 6 * (k1.value() + 2.0 * (k2.value() + k3.value()) + k4.value()), unchanged,
      sixth, third, third, sixth);
}

struct Equation {
  Array<double> x;
  int steps, part_size;  // of all steps, and of those that are recorded at once

  explicit Equation(const json& in)
      : x(numbers(in.at("x"))),
        steps(in.at("s")),
        part_size(std::max(1, part_elements / std::max(1, static_cast<int>(x.size())))) {}

  // Returns y at the end of the part that begins at a step, from y before it.
  Variable part(int begin, Variable y) const {
    const double h = 2.0 / steps;
    const auto factors = y.tape().parameter(x);
    const auto still = y.tape().constant_view(x);  // any numbers, for h = 0
    for (int step = begin; step < std::min(begin + part_size, steps); ++step) {
      const auto k1 = slope(factors, y, 0, still), k2 = slope(factors, y, h / 2, k1);
      const auto k3 = slope(factors, y, h / 2, k2), k4 = slope(factors, y, h, k3);
      y = along(y, h, k1, k2, k3, k4);
    }
    return y;
  }

  // Returns y after all steps.
  Variable solve(Tape& tape) const {
    auto y = tape.constant(Array<double>(x.shape(), 0.0));
    for (int begin = 0; begin < steps; begin += part_size) {
      const auto next = [this, begin](Variable before) { return part(begin, before); };
      y = begin + part_size < steps ? checkpoint(next, y) : next(y);
    }
    return y;
  }
};

Answer primal(const json& in) {
  const Equation equation(in);
  Tape tape;
  const NoGrad guard{tape};
  const auto compute = [&]() -> const Array<double>& {
    tape.rewind();
    return equation.solve(tape).value();
  };
  return repeat(in, compute, lists);
}

// The gradient of the last element of y.
Answer last_slope(const json& in) {
  const Equation equation(in);
  Tape tape;
  const auto compute = [&]() -> const Array<double>& {
    tape.rewind();
    tape.backward(select(equation.solve(tape), -1));
    return tape.grad(equation.x);
  };
  return repeat(in, compute, lists);
}

}  // namespace

Functions ode() { return {{"primal", primal}, {"gradient", last_slope}}; }

}  // namespace gradbench
