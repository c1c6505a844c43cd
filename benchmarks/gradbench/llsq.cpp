// Least squares: a polynomial with coefficients x is fitted to the sign of t at n points t.
#include <algorithm>

#include "benchmarks/gradbench/eval.hpp"

namespace gradbench {

namespace {

// Fills row j of `powers` with t^j.
void fill_powers(Array<double>& powers, const Array<double>& t, std::size_t rows) {
  const std::size_t n = t.size();
  resize(powers, Shape{rows, n});
  std::fill_n(powers.data(), std::min(powers.size(), n), 1.0);
  for (std::size_t j = 1; j < rows; ++j) {
    const double* before = powers.data() + (j - 1) * n;
    std::transform(before, before + n, t.data(), powers.data() + j * n, std::multiplies<>());
  }
}

// Returns half the sum of squares of sign(t) - (x0 + x1 t + x2 t^2 + ...).
Variable half_of_squares(Variable x, std::size_t n) {
  const Array<double> t = xt::linspace(-1.0, 1.0, n);
  const auto powers =
      x.tape().constant([&](Array<double>& out) { fill_powers(out, t, x.value().size()); });
  return 0.5 * sum(square(xt::sign(t) - matmul(x, powers)));
}

}  // namespace

Functions llsq() {
  const auto loss = [](const json& in) {
    return [n = in.at("n").get<std::size_t>()](Variable x) { return half_of_squares(x, n); };
  };
  return {
      {"primal", [=](const json& in) { return value(in, numbers(in.at("x")), loss(in)); }},
      {"gradient", [=](const json& in) { return gradient(in, numbers(in.at("x")), loss(in)); }}};
}

}  // namespace gradbench
