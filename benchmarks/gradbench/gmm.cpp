// The log posterior of a mixture of Gaussians with a Wishart prior.
#include <cmath>
#include <numbers>

#include "benchmarks/gradbench/eval.hpp"

namespace gradbench {

namespace {

struct Mixture {
  Array<double> alpha, mu, q, l;  // what is differentiated
  Array<double> x;                // the points (n, d)
  double m, gamma;                // of the prior

  explicit Mixture(const json& in)
      : alpha(numbers(in.at("alpha"))),
        mu(numbers(in.at("mu"))),
        q(numbers(in.at("q"))),
        l(numbers(in.at("l"))),
        x(numbers(in.at("x"))),
        m(in.at("m")),
        gamma(in.at("gamma")) {}

  Variable log_posterior(Tape& tape) const;
};

// Returns where the elements of a lower triangle (d, d) stand in a list of its diagonal, the part
// below the diagonal column by column, and a 0.
xt::xarray<int> places(std::size_t d) {
  const auto zero = static_cast<int>(d + d * (d - 1) / 2);
  auto at = xt::xarray<int>::from_shape({d, d});
  at.fill(zero);
  int next = static_cast<int>(d);
  for (std::size_t column = 0; column < d; ++column) {
    at(column, column) = static_cast<int>(column);
    for (std::size_t row = column + 1; row < d; ++row) {
      at(row, column) = next++;
    }
  }
  return at;
}

// Returns what does not depend on the parameters.
double constant(double n, double k, double d, double m, double gamma) {
  const double freedom = d + m + 1;
  double log_gamma = d * (d - 1) / 4 * std::log(std::numbers::pi);
  for (double j = 0; j < d; ++j) {
    log_gamma += std::lgamma((freedom - j) / 2);
  }
  return k * (freedom * d * std::log(gamma / std::numbers::sqrt2) - log_gamma) -
         n * d / 2 * std::log(2 * std::numbers::pi);
}

Variable Mixture::log_posterior(Tape& tape) const {
  const std::size_t n = x.shape(0), d = x.shape(1), k = alpha.size();
  const auto a = tape.parameter(alpha), means = tape.parameter(mu), logs = tape.parameter(q);
  const auto zero = tape.constant(Array<double>(Shape{k, 1}, 0.0));
  const auto root = gather(concatenate(exp(logs), tape.parameter(l), zero, 1), places(d), 1);
  const auto white =
      einsum("nc,krc->nkr", tape.constant_view(x), root) - einsum("krc,kc->kr", root, means);
  const auto log_density = a + sum(logs, 1) - 0.5 * sum(square(white), 2);
  return sum(logsumexp(log_density, 1)) - static_cast<double>(n) * logsumexp(a) + m * sum(logs) -
         gamma * gamma / 2 * sum(square(root)) +
         constant(static_cast<double>(n), static_cast<double>(k), static_cast<double>(d), m, gamma);
}

Answer objective(const json& in) {
  const Mixture mixture(in);
  Tape tape;
  const NoGrad guard{tape};
  return repeat(
      in, [&] { return tape.rewind(), mixture.log_posterior(tape).item(); },
      [](double result) { return json(result); });
}

Answer jacobian(const json& in) {
  const Mixture mixture(in);
  Tape tape;
  const auto compute = [&] {
    tape.rewind();
    tape.backward(mixture.log_posterior(tape));
    return true;
  };
  return repeat(in, compute, [&](bool) {
    return json{{"alpha", lists(tape.grad(mixture.alpha))},
                {"mu", lists(tape.grad(mixture.mu))},
                {"q", lists(tape.grad(mixture.q))},
                {"l", lists(tape.grad(mixture.l))}};
  });
}

}  // namespace

Functions gmm() { return {{"objective", objective}, {"jacobian", jacobian}}; }

}  // namespace gradbench
