#include <algorithm>
#include <utility>
#include <xtape.hpp>

#include "examples/mnist/backprop.hpp"
#include "tests/catch.hpp"
#include "tests/examples/agreement.hpp"
#include "tests/examples/problem.hpp"

/// Sections 3 and 4 of docs/backprop.md: how well the formulas, the tape and finite differences
/// agree.

namespace {

using xtape::Tape;
using xtape::Variable;

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
double formulas_against_tape(const Problem<T>& problem) {
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
    greatest = std::max(greatest,
                        formulas_against_tape(Problem<T>(batch, features, hidden, classes, rng)));
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

}  // namespace

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
