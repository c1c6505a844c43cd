#include "examples/mnist/backprop.hpp"

#include <algorithm>
#include <cmath>
#include <xtape.hpp>

#include "nn/metrics.hpp"
#include "tensor/softmax.hpp"
#include "tests/catch.hpp"
#include "tests/examples/agreement.hpp"

/// docs/backprop.md, section by section: each formula beside plain loops, the tape, or central
/// differences.

namespace {

using xtape::Array;
using xtape::Rng;
using xtape::Shape;
using xtape::Tape;
using xtape::Variable;

template <class T>
Array<T> normal(const Shape& shape, double deviation, Rng& rng) {
  Array<T> array(shape);
  rng.fill_normal(std::span<T>(array.storage()), 0, deviation);
  return array;
}

/// (f(x + h) - f(x - h)) / 2h, for an x that f reads.
template <class F>
double slope(F&& f, double& x, double h = 6e-6) {
  const double before = x;
  x = before + h;
  const double above = f();
  x = before - h;
  const double below = f();
  x = before;
  return (above - below) / (2 * h);
}

/// The slope in each element of x.
template <class F>
Array<double> slopes(F&& f, Array<double>& x, double h = 6e-6) {
  Array<double> result(x.shape());
  std::transform(x.begin(), x.end(), result.begin(),
                 [&](double& each) { return slope(f, each, h); });
  return result;
}

/// A network, and a batch to run through it.
template <class T>
struct Problem {
  Problem(std::size_t batch, std::size_t features, std::size_t hidden, std::size_t classes,
          Rng& rng)
      : weights{normal<T>({features, hidden}, 1 / std::sqrt(double(features)), rng),
                normal<T>({hidden}, 0.5, rng),
                normal<T>({hidden, classes}, 1 / std::sqrt(double(hidden)), rng),
                normal<T>({classes}, 0.5, rng)},
        x(normal<T>({batch, features}, 1, rng)) {
    for (std::size_t i = 0; i < batch; ++i) {
      labels.push_back(rng.below(classes));
    }
    y = xtape::nn::one_hot<T>(labels, classes);
  }

  mnist::Forward<T> forward() const { return mnist::forward(weights, x, y); }
  mnist::Gradients<T> backprop() const { return mnist::backprop(weights, x, y); }
  T loss() const { return forward().loss; }

  mnist::Weights<T> weights;
  Array<T> x, y;
  std::vector<std::size_t> labels;
};

/// The same network as the tape records it.
template <class T>
struct Recording {
  explicit Recording(const Problem<T>& problem)
      : w1(tape.parameter(problem.weights.w1)),
        b1(tape.parameter(problem.weights.b1)),
        w2(tape.parameter(problem.weights.w2)),
        b2(tape.parameter(problem.weights.b2)),
        z1(linear(tape.constant(problem.x), w1, b1)),
        a1(sigmoid(z1)),
        z2(linear(a1, w2, b2)),
        loss(softmax_cross_entropy(z2, problem.labels)) {
    tape.backward(loss);
  }

  Tape<T> tape;
  Variable<T> w1, b1, w2, b2, z1, a1, z2, loss;
};

/// The greatest disagreement of the formulas with the tape: of a value or a gradient, intermediate
/// ones too.
template <class T>
double disagreement(const Problem<T>& problem) {
  const mnist::Forward<T> pass = problem.forward();
  const mnist::Gradients<T> by_hand = problem.backprop();
  const Recording<T> tape(problem);
  const auto batch = static_cast<T>(problem.labels.size());
  const Array<T> loss(Shape{}, by_hand.loss), dz1 = by_hand.dz1 / batch, dz2 = by_hand.dz2 / batch;
  return std::max({disagreement(pass.z1, tape.z1.value()), disagreement(pass.a1, tape.a1.value()),
                   disagreement(pass.z2, tape.z2.value()), disagreement(loss, tape.loss.value()),
                   disagreement(dz2, tape.z2.grad()), disagreement(by_hand.dw2, tape.w2.grad()),
                   disagreement(by_hand.db2, tape.b2.grad()), disagreement(dz1, tape.z1.grad()),
                   disagreement(by_hand.dw1, tape.w1.grad()),
                   disagreement(by_hand.db1, tape.b1.grad())});
}

/// The same over many shapes: some that often go wrong, and many drawn at random.
template <class T>
double greatest_disagreement() {
  Rng rng{2024};
  double greatest = 0;
  const auto measure = [&](std::size_t batch, std::size_t features, std::size_t hidden,
                           std::size_t classes) {
    greatest = std::max(greatest, disagreement(Problem<T>(batch, features, hidden, classes, rng)));
  };
  measure(1, 1, 1, 1);
  measure(1, 784, 16, 10);
  measure(64, 784, 1, 10);
  measure(63, 785, 17, 10);
  measure(7, 33, 9, 1);
  for (int i = 0; i < 300; ++i) {
    const std::size_t batch = 1 + rng.below(40), features = 1 + rng.below(70);
    measure(batch, features, 1 + rng.below(35), 1 + rng.below(12));
  }
  return greatest;
}

/// The first row of a matrix.
Array<double> first_row(const Array<double>& matrix) {
  Array<double> row(Shape{matrix.shape()[1]});
  std::copy_n(matrix.data(), row.size(), row.data());
  return row;
}

Problem<double> some_problem(std::size_t batch = 5) {
  Rng rng{7};
  return {batch, 6, 4, 3, rng};
}

}  // namespace

TEST_CASE("backprop 1: the network has 101,770 parameters and begins at a loss near ln 10") {
  Rng rng{42};
  Problem<double> problem(64, 784, 128, 10, rng);
  auto& [w1, b1, w2, b2] = problem.weights;
  CHECK(w1.size() + b1.size() + w2.size() + b2.size() == 101770);
  w1 = normal<double>(w1.shape(), 0.01, rng);
  w2 = normal<double>(w2.shape(), 0.01, rng);
  b1.fill(0);
  b2.fill(0);
  CHECK(problem.loss() == Approx(std::log(10.)).epsilon(0.05));
}

TEST_CASE("backprop 1: softmax and the loss are right for logits of any size") {
  Problem<double> problem = some_problem(1);
  problem.weights.w2.fill(0);
  const std::size_t truth = problem.labels[0], other = (truth + 1) % 3;
  problem.weights.b2.fill(0);
  problem.weights.b2(truth) = -1e4;
  problem.weights.b2(other) = 1e4;
  const auto pass = problem.forward();
  CHECK(pass.loss == 2e4);
  CHECK(pass.y_hat(0, other) == 1);
  CHECK(pass.y_hat(0, truth) == 0);
  CHECK(problem.backprop().dz2(0, truth) == -1);
}

TEST_CASE("backprop 2.1: the Jacobian of softmax is y_hat_j (delta_jk - y_hat_k)") {
  Rng rng{1};
  Array<double> z = normal<double>({1, 5}, 2, rng), y_hat(z.shape()), jacobian(Shape{5, 5});
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
    const Array<double> v = normal<double>({1, 5}, 1, rng);
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
  const Array<double> dz2 = problem.backprop().dz2;
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
  const auto numeric = slopes([&] { return problem.loss(); }, problem.weights.b2);
  CHECK(disagreement(problem.backprop().db2, numeric) < 1e-9);
  CHECK(disagreement(problem.backprop().db2, first_row(dz2)) == 0);
}

TEST_CASE("backprop 2.3: dW2 = a1^T dz2 / B and db2 = sum dz2 / B") {
  Problem<double> problem = some_problem();
  const Array<double> a1 = problem.forward().a1;
  const auto gradients = problem.backprop();
  Array<double> dw2(Shape{4, 3}, 0), db2(Shape{3}, 0);
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t k = 0; k < 3; ++k) {
      db2(k) += gradients.dz2(i, k) / 5;
      for (std::size_t j = 0; j < 4; ++j) {
        dw2(j, k) += a1(i, j) * gradients.dz2(i, k) / 5;
      }
    }
  }
  CHECK(disagreement(gradients.dw2, dw2) < 1e-14);
  CHECK(disagreement(gradients.db2, db2) < 1e-14);

  const auto loss = [&] { return problem.loss(); };
  CHECK(disagreement(gradients.dw2, slopes(loss, problem.weights.w2)) < 1e-8);
  CHECK(disagreement(gradients.db2, slopes(loss, problem.weights.b2)) < 1e-8);
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
  const Array<double> a1 = problem.forward().a1;
  const auto gradients = problem.backprop();
  Array<double> dz1(Shape{1, 4}, 0);
  for (std::size_t j = 0; j < 4; ++j) {
    for (std::size_t k = 0; k < 3; ++k) {
      dz1(0, j) += gradients.dz2(0, k) * problem.weights.w2(j, k) * a1(0, j) * (1 - a1(0, j));
    }
  }
  CHECK(disagreement(gradients.dz1, dz1) < 1e-14);

  // With one image, moving b1 moves z1 by as much.
  const auto numeric = slopes([&] { return problem.loss(); }, problem.weights.b1);
  CHECK(disagreement(first_row(gradients.dz1), numeric) < 1e-8);
}

TEST_CASE("backprop 2.6: dW1 = X^T dz1 / B and db1 = sum dz1 / B") {
  Problem<double> problem = some_problem();
  const auto gradients = problem.backprop();
  Array<double> dw1(Shape{6, 4}, 0), db1(Shape{4}, 0);
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t j = 0; j < 4; ++j) {
      db1(j) += gradients.dz1(i, j) / 5;
      for (std::size_t f = 0; f < 6; ++f) {
        dw1(f, j) += problem.x(i, f) * gradients.dz1(i, j) / 5;
      }
    }
  }
  CHECK(disagreement(gradients.dw1, dw1) < 1e-14);
  CHECK(disagreement(gradients.db1, db1) < 1e-14);

  const auto loss = [&] { return problem.loss(); };
  CHECK(disagreement(gradients.dw1, slopes(loss, problem.weights.w1)) < 1e-8);
  CHECK(disagreement(gradients.db1, slopes(loss, problem.weights.b1)) < 1e-8);
}

TEST_CASE("backprop 2.7: a batch that is repeated has the same loss and gradients") {
  const Problem<double> problem = some_problem();
  Array<double> x(Shape{10, 6}), y(Shape{10, 3});
  for (std::size_t twice = 0; twice < 2; ++twice) {
    std::copy(problem.x.begin(), problem.x.end(), x.data() + twice * problem.x.size());
    std::copy(problem.y.begin(), problem.y.end(), y.data() + twice * problem.y.size());
  }
  const auto once = problem.backprop(), repeated = mnist::backprop(problem.weights, x, y);
  CHECK(repeated.loss == Approx(once.loss).epsilon(1e-14));
  CHECK(disagreement(repeated.dw1, once.dw1) < 1e-14);
  CHECK(disagreement(repeated.db1, once.db1) < 1e-14);
  CHECK(disagreement(repeated.dw2, once.dw2) < 1e-14);
  CHECK(disagreement(repeated.db2, once.db2) < 1e-14);
}

TEST_CASE("backprop 2.8: a small step lowers the loss by eta times the squared gradient") {
  Problem<double> problem = some_problem();
  auto& [w1, b1, w2, b2] = problem.weights;
  const auto gradients = problem.backprop();
  const double eta = 1e-5;
  double squares = 0;
  const auto descend = [&](Array<double>& weight, const Array<double>& gradient) {
    weight -= eta * gradient;
    squares += xt::sum(gradient * gradient)();
  };
  descend(w1, gradients.dw1), descend(b1, gradients.db1);
  descend(w2, gradients.dw2), descend(b2, gradients.db2);
  CHECK((gradients.loss - problem.loss()) / eta == Approx(squares).epsilon(1e-4));
}

TEST_CASE("backprop 2.8: along a constant slope, momentum mu grows steps to eta g / (1 - mu)") {
  Array<double> w(Shape{}, 0);
  const double eta = 0.1, mu = 0.9, g = 3;
  struct Slope {
    Array<double>& w;
    static void visit(auto& self, auto&& f) { f("w", self.w); }
  } model{w};
  xtape::nn::SGD<double> sgd({.learning_rate = eta, .momentum = mu});
  Tape<double> tape;
  double last_step = 0;
  for (int step = 0; step < 300; ++step) {
    tape.rewind();
    tape.backward(tape.parameter(w) * g);
    const double before = w();
    sgd.step(model, tape);
    last_step = before - w();
  }
  CHECK(last_step == Approx(eta * g / (1 - mu)));
}

TEST_CASE("backprop 3: the tape agrees with the formulas in double to 1e-12") {
  CHECK(greatest_disagreement<double>() < 1e-12);
}

TEST_CASE("backprop 3: the tape agrees with the formulas in float to 1e-5") {
  CHECK(greatest_disagreement<float>() < 1e-5);
}

TEST_CASE("backprop 3: targets as rows of probabilities give the same as labels") {
  const Problem<double> problem = some_problem();
  const auto by_hand = problem.backprop();
  Tape<double> tape;
  const auto z2 = tape.variable(problem.forward().z2);
  const auto loss = softmax_cross_entropy(z2, tape.constant(problem.y));
  tape.backward(loss);
  CHECK(loss.item() == Approx(by_hand.loss).epsilon(1e-14));
  CHECK(disagreement(Array<double>(5 * z2.grad()), by_hand.dz2) < 1e-14);
}

TEST_CASE("backprop 4: central differences are best near h = 6e-6, and better than one-sided") {
  Problem<double> problem = some_problem();
  Array<double>& w1 = problem.weights.w1;
  const Array<double> exact = problem.backprop().dw1;
  const auto loss = [&] { return problem.loss(); };
  const auto error = [&](double h) { return disagreement(slopes(loss, w1, h), exact); };

  CHECK(error(1e-2) / error(5e-3) == Approx(4).epsilon(0.1));  // truncation: h^2
  CHECK(error(6e-6) < 1e-8);
  CHECK(error(1e-2) > 1e3 * error(6e-6));
  CHECK(error(1e-10) > 1e3 * error(6e-6));  // rounding: 1/h

  const double here = loss();
  const auto one_sided = [&](double h) {
    Array<double> result(w1.shape());
    std::transform(w1.begin(), w1.end(), result.begin(), [&](double& each) {
      const double before = std::exchange(each, each + h);
      const double above = loss();
      each = before;
      return (above - here) / h;
    });
    return disagreement(result, exact);
  };
  CHECK(one_sided(1e-2) / one_sided(5e-3) == Approx(2).epsilon(0.1));  // truncation: h
  for (const double h : {1e-6, 1e-7, 1e-8, 1e-9, 1e-10}) {
    CHECK(one_sided(h) > 10 * error(6e-6));
  }
}
