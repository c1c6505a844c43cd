#include "examples/backprop/dense.hpp"

#include <algorithm>
#include <cmath>
#include <xtape.hpp>

#include "tensor/kernels/softmax.hpp"
#include "tests/examples/backprop/agreement.hpp"
#include "tests/examples/backprop/problem.hpp"
#include "tests/support/catch.hpp"

/// docs/backprop.md, section by section: each formula beside plain loops, the tape, or central
/// differences.

namespace {

using xtape::Tape;

struct OneWeight {
  static void visit(auto& self, auto&& f) { f("w", self.w); }
  Array<double> w{Shape{}, 0.};
};

/// The first row of a matrix.
Array<double> first_row(const Array<double>& matrix) {
  Array<double> row(Shape{matrix.shape()[1]});
  std::copy_n(matrix.data(), row.size(), row.data());
  return row;
}

}  // namespace

TEST_CASE("backprop 1: the network has 101,770 parameters and begins at a loss near ln 10") {
  Rng rng{42};
  Problem<double> problem(64, {784, 128, 10}, rng);
  std::size_t count = 0;
  for (auto& [w, b] : problem.network.layers) {
    count += w.size() + b.size();
    w = random_normal<double>(w.shape(), rng, 0.01);
    b.fill(0);
  }
  CHECK(count == 101770);
  CHECK(problem.loss() == Approx(std::log(10.)).epsilon(0.05));
}

TEST_CASE("backprop 1: softmax and the loss are right for logits of any size") {
  Problem<double> problem = some_problem(1);
  problem.w(2).fill(0);
  const std::size_t truth = problem.labels[0], other = (truth + 1) % 3;
  problem.b(2).fill(0);
  problem.b(2)(truth) = -1e4;
  problem.b(2)(other) = 1e4;
  const auto pass = problem.forward();
  CHECK(pass.loss == 2e4);
  CHECK(pass.y_hat(0, other) == 1);
  CHECK(pass.y_hat(0, truth) == 0);
  CHECK(problem.backprop().dz[1](0, truth) == -1);
}

TEST_CASE("backprop 2.1: the Jacobian of softmax is y_hat_j (delta_jk - y_hat_k)") {
  Rng rng{1};
  Array<double> z = random_normal<double>({1, 5}, rng, 2), y_hat(z.shape()), jacobian(Shape{5, 5});
  xtape::softmax(z, y_hat);
  for (std::size_t j = 0; j < 5; ++j) {
    for (std::size_t k = 0; k < 5; ++k) {
      jacobian(j, k) = y_hat(0, j) * ((j == k) - y_hat(0, k));
    }
  }

  SECTION("by central differences") {
    Array<double> moved(z.shape()), numeric(Shape{5, 5});
    for (std::size_t j = 0; j < 5; ++j) {
      const auto row = slopes([&] { return xtape::softmax(z, moved), moved(0, j); }, z);
      std::copy(row.begin(), row.end(), &numeric(j, 0));
    }
    CHECK(disagreement(jacobian, numeric) < 1e-9);
  }
  SECTION("and the op multiplies a row vector by it") {
    const Array<double> v = random_normal<double>({1, 5}, rng);
    Array<double> expected(Shape{1, 5}, 0);
    for (std::size_t j = 0; j < 5; ++j) {
      for (std::size_t k = 0; k < 5; ++k) {
        expected(0, k) += v(0, j) * jacobian(j, k);
      }
    }
    Tape<double> tape;
    const auto logits = tape.variable(z);
    tape.backward(sum(tape.constant(v) * softmax(logits)));
    CHECK(disagreement(logits.grad(), expected) < 1e-14);
  }
}

TEST_CASE("backprop 2.2: cross-entropy through softmax leaves dz2 = y_hat - y") {
  Problem<double> problem = some_problem(1);
  const auto pass = problem.forward();
  const Array<double> dz2 = problem.backprop().dz[1];
  const std::size_t truth = problem.labels[0];

  Array<double> chained(Shape{1, 3}, 0);
  for (std::size_t k = 0; k < 3; ++k) {
    for (std::size_t j = 0; j < 3; ++j) {
      const double dy_hat = -problem.y(0, j) / pass.y_hat(0, j);
      chained(0, k) += dy_hat * pass.y_hat(0, j) * ((j == k) - pass.y_hat(0, k));
    }
    CHECK(dz2(0, k) == pass.y_hat(0, k) - (k == truth));
  }
  CHECK(disagreement(dz2, chained) < 1e-14);

  // With one image, moving b2 moves z2 by as much.
  const auto numeric = slopes([&] { return problem.loss(); }, problem.b(2));
  CHECK(disagreement(problem.backprop().db[1], numeric) < 1e-9);
  CHECK(disagreement(problem.backprop().db[1], first_row(dz2)) == 0);
}

TEST_CASE("backprop 2.3: dW2 = a1^T dz2 / B and db2 = sum dz2 / B") {
  Problem<double> problem = some_problem();
  const Array<double> a1 = problem.forward().a[1];
  const auto gradients = problem.backprop();
  Array<double> dw2(Shape{4, 3}, 0), db2(Shape{3}, 0);
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t k = 0; k < 3; ++k) {
      db2(k) += gradients.dz[1](i, k) / 5;
      for (std::size_t j = 0; j < 4; ++j) {
        dw2(j, k) += a1(i, j) * gradients.dz[1](i, k) / 5;
      }
    }
  }
  CHECK(disagreement(gradients.dw[1], dw2) < 1e-14);
  CHECK(disagreement(gradients.db[1], db2) < 1e-14);

  const auto loss = [&] { return problem.loss(); };
  CHECK(disagreement(gradients.dw[1], slopes(loss, problem.w(2))) < 1e-8);
  CHECK(disagreement(gradients.db[1], slopes(loss, problem.b(2))) < 1e-8);
}

TEST_CASE("backprop 2.4: sigma' = sigma (1 - sigma), at most 1/4") {
  Tape<double> tape;
  Array<double> z(Shape{201});
  for (std::size_t i = 0; i < z.size(); ++i) {
    z(i) = 0.1 * (static_cast<double>(i) - 100);
  }
  const auto x = tape.variable(z), a = sigmoid(x);
  tape.backward(sum(a));
  Array<double> numeric(z.shape());
  for (std::size_t i = 0; i < z.size(); ++i) {
    numeric(i) = slope([&] { return 1 / (1 + std::exp(-z(i))); }, z(i));
  }
  const Array<double> formula = a.value() * (1 - a.value());
  CHECK(disagreement(formula, numeric) < 1e-9);
  CHECK(disagreement(x.grad(), formula) < 1e-15);
  CHECK(formula(100) == 0.25);
  CHECK(*std::max_element(formula.begin(), formula.end()) == 0.25);
}

TEST_CASE("backprop 2.5: dz1 = (dz2 W2^T) * sigma'(z1)") {
  Problem<double> problem = some_problem(1);
  const Array<double> a1 = problem.forward().a[1];
  const auto gradients = problem.backprop();
  Array<double> dz1(Shape{1, 4}, 0);
  for (std::size_t j = 0; j < 4; ++j) {
    for (std::size_t k = 0; k < 3; ++k) {
      dz1(0, j) += gradients.dz[1](0, k) * problem.w(2)(j, k) * a1(0, j) * (1 - a1(0, j));
    }
  }
  CHECK(disagreement(gradients.dz[0], dz1) < 1e-14);

  // With one image, moving b1 moves z1 by as much.
  const auto numeric = slopes([&] { return problem.loss(); }, problem.b(1));
  CHECK(disagreement(first_row(gradients.dz[0]), numeric) < 1e-8);
}

TEST_CASE("backprop 2.6: dW1 = X^T dz1 / B and db1 = sum dz1 / B") {
  Problem<double> problem = some_problem();
  const auto gradients = problem.backprop();
  Array<double> dw1(Shape{6, 4}, 0), db1(Shape{4}, 0);
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t j = 0; j < 4; ++j) {
      db1(j) += gradients.dz[0](i, j) / 5;
      for (std::size_t f = 0; f < 6; ++f) {
        dw1(f, j) += problem.x(i, f) * gradients.dz[0](i, j) / 5;
      }
    }
  }
  CHECK(disagreement(gradients.dw[0], dw1) < 1e-14);
  CHECK(disagreement(gradients.db[0], db1) < 1e-14);

  const auto loss = [&] { return problem.loss(); };
  CHECK(disagreement(gradients.dw[0], slopes(loss, problem.w(1))) < 1e-8);
  CHECK(disagreement(gradients.db[0], slopes(loss, problem.b(1))) < 1e-8);
}

TEST_CASE("backprop 2.7: a batch that is repeated has the same loss and gradients") {
  const Problem<double> problem = some_problem();
  Array<double> x(Shape{10, 6}), y(Shape{10, 3});
  for (std::size_t twice = 0; twice < 2; ++twice) {
    std::copy(problem.x.begin(), problem.x.end(), x.data() + twice * problem.x.size());
    std::copy(problem.y.begin(), problem.y.end(), y.data() + twice * problem.y.size());
  }
  const auto once = problem.backprop(), repeated = by_hand::backprop(problem.network, x, y);
  CHECK(repeated.loss == Approx(once.loss).epsilon(1e-14));
  CHECK(disagreement(repeated.dw[0], once.dw[0]) < 1e-14);
  CHECK(disagreement(repeated.db[0], once.db[0]) < 1e-14);
  CHECK(disagreement(repeated.dw[1], once.dw[1]) < 1e-14);
  CHECK(disagreement(repeated.db[1], once.db[1]) < 1e-14);
}

TEST_CASE("backprop 2.8: a small step lowers the loss by eta times the squared gradient") {
  Problem<double> problem = some_problem();
  const auto gradients = problem.backprop();
  const double eta = 1e-5;
  double squares = 0;
  const auto descend = [&](Array<double>& weight, const Array<double>& gradient) {
    weight -= eta * gradient;
    squares += xt::sum(gradient * gradient)();
  };
  for (const std::size_t layer : {1UL, 2UL}) {
    descend(problem.w(layer), gradients.dw[layer - 1]);
    descend(problem.b(layer), gradients.db[layer - 1]);
  }
  CHECK((gradients.loss - problem.loss()) / eta == Approx(squares).epsilon(1e-4));
}

TEST_CASE("backprop 2.8: along a constant slope, momentum mu grows steps to eta g / (1 - mu)") {
  OneWeight model;
  const double eta = 0.1, mu = 0.9, g = 3;
  xtape::nn::SGD<double> sgd({.learning_rate = eta, .momentum = mu});
  Tape<double> tape;
  double last_step = 0;
  for (int step = 0; step < 300; ++step) {
    tape.rewind();
    tape.backward(tape.parameter(model.w) * g);
    const double before = model.w();
    sgd.step(model, tape);
    last_step = before - model.w();
  }
  CHECK(last_step == Approx(eta * g / (1 - mu)));
}
