// A mixture of two Gaussians is fitted to points: a geyser has short and long eruptions, and the
// longer the eruption, the longer the wait for the next one.

#include <fmt/core.h>
#include <xtape.hpp>

#include <cmath>
#include <numbers>

namespace nn = xtape::nn;
using xtape::Array, xtape::Shape, xtape::Variable;

// Group k has the share softmax(logits)_k and the covariance R R^T. R is a lower triangle with the
// diagonal e^(diagonal of root_k).
struct Mixture {
  Array<double> logits{0, 0}, means{{2, 60}, {5, 80}},
      root = xtape::array(std::vector<double>{-1, 0, 0, 2, -1, 0, 0, 2}, {2, 2, 2});
  static auto lower(Variable<double> r) { return tril(r, -1) + diag(exp(diagonal(r))); }

  // Returns the logarithm of the density at each point x (n, d).
  Variable<double> operator()(Variable<double> x) const {
    const auto shares = log_softmax(x.tape().parameter(logits));
    const auto centres = x.tape().parameter(means), r = x.tape().parameter(root);
    const auto centred = transpose(unsqueeze(x, 0) - unsqueeze(centres, 1));  // (k, d, n)
    const auto distance = sum(square(triangular_solve(lower(r), centred)), 1);
    const auto constant = shares - sum(diagonal(r), 1) - std::log(2 * std::numbers::pi);
    return logsumexp(unsqueeze(constant, 1) - distance / 2, 0);
  }
  static void visit(auto& self, auto&& f) {
    f("logits", self.logits), f("means", self.means), f("root", self.root);
  }
};

int main() {
  xtape::Rng rng(1);
  Array<double> points(Shape{300, 2});  // minutes of an eruption, and minutes of the wait after it
  for (std::size_t i = 0; i < 300; ++i) {
    points(i, 0) = rng.uniform() < 0.65 ? rng.normal(4.3, 0.4) : rng.normal(2, 0.3);
    points(i, 1) = 33 + 11 * points(i, 0) + rng.normal(0, 5);
  }

  Mixture mixture;
  xtape::Tape<double> tape;
  const auto loss = [&] { return -sum(mixture(tape.constant_view(points))); };
  nn::LBFGS<double> lbfgs({.gradient_tolerance = 1e-6, .value_tolerance = 0});
  for (const std::size_t count : {1UL, 4UL, 5UL, 10UL, 20UL, 1000UL}) {
    lbfgs.options.max_iterations = count;
    const auto found = lbfgs.minimize(mixture, tape, loss);
    fmt::print("log-likelihood {:.4f} after {} more iterations\n", -found.loss, found.iterations);
  }

  tape.rewind();
  const auto r = Mixture::lower(tape.constant(mixture.root));
  const auto c = matmul(r, transpose(r)).value();
  const auto shares = softmax(tape.constant(mixture.logits)).value();
  for (std::size_t k = 0; k < 2; ++k) {
    fmt::print("{:.2f} %: mean {:.4f} {:.4f}, covariance {:.4f} {:.4f} {:.4f}\n", 100 * shares(k),
               mixture.means(k, 0), mixture.means(k, 1), c(k, 0, 0), c(k, 0, 1), c(k, 1, 1));
  }
}
