#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include <xtape.hpp>

#include "examples/backprop/dense.hpp"
#include "examples/mnist/network.hpp"
#include "tests/examples/backprop/agreement.hpp"
#include "tests/examples/backprop/problem.hpp"
#include "tests/support/catch.hpp"

/// Sections 3 and 4 of docs/backprop.md: how well the formulas, the tape and finite differences
/// agree.

namespace {

using xtape::Tape;
using xtape::Variable;

/// The same network as the tape records it.
template <class T>
struct Recording {
  Recording(const Problem<T>& problem, const std::string& activation) {
    tape.keep_gradients(true);
    const auto f = mnist::make_activation<T>(activation);
    for (const auto& [w, b] : problem.network.layers) {
      a.push_back(z.empty() ? tape.constant(problem.x) : f(z.back()));
      z.push_back(linear(a.back(), tape.parameter(w), tape.parameter(b)));
    }
    loss = softmax_cross_entropy(z.back(), problem.labels);
    tape.backward(*loss);
  }

  Tape<T> tape;
  std::vector<Variable<T>> a, z;
  std::optional<Variable<T>> loss;
};

/// The greatest disagreement of the formulas with the tape: of a value or a gradient, intermediate
/// ones too.
template <class T>
double formulas_against_tape(const Problem<T>& problem, const std::string& activation) {
  const by_hand::Forward<T> pass = problem.forward();
  const by_hand::Gradients<T> by_hand = problem.backprop();
  const Recording<T> recorded(problem, activation);
  const auto batch = static_cast<T>(problem.labels.size());
  const Array<T> loss(Shape{}, by_hand.loss);
  double greatest = disagreement(loss, recorded.loss->value());
  for (std::size_t l = 0; l < problem.network.layers.size(); ++l) {
    const auto& [w, b] = problem.network.layers[l];
    const Array<T> dz = by_hand.dz[l] / batch;
    greatest = std::max({greatest, disagreement(pass.a[l], recorded.a[l].value()),
                         disagreement(pass.z[l], recorded.z[l].value()),
                         disagreement(dz, recorded.z[l].grad()),
                         disagreement(by_hand.dw[l], recorded.tape.grad(w)),
                         disagreement(by_hand.db[l], recorded.tape.grad(b))});
  }
  return greatest;
}

/// The same over many shapes: some that often go wrong, and many drawn at random.
template <class T>
double greatest_disagreement() {
  Rng rng{2024};
  double greatest = 0;
  const auto measure = [&](std::size_t batch, const std::vector<std::size_t>& widths) {
    const Problem<T> problem(batch, widths, rng);
    greatest = std::max(greatest, formulas_against_tape(problem, "sigmoid"));
  };
  measure(1, {1, 1, 1});
  measure(1, {784, 16, 10});
  measure(64, {784, 1, 10});
  measure(63, {785, 17, 10});
  measure(7, {33, 9, 1});
  for (int i = 0; i < 300; ++i) {
    const std::size_t batch = 1 + rng.below(40), features = 1 + rng.below(70);
    measure(batch, {features, 1 + rng.below(35), 1 + rng.below(12)});
  }
  return greatest;
}

/// The same over networks of no hidden layer to six.
template <class T>
double greatest_disagreement_of_deep_ones(const std::string& activation) {
  Rng rng{2025};
  double greatest = 0;
  const auto measure = [&](std::size_t batch, const std::vector<std::size_t>& widths) {
    const Problem<T> problem(batch, widths, rng, activation);
    greatest = std::max(greatest, formulas_against_tape(problem, activation));
  };
  measure(64, {784, 64, 48, 32, 16, 10});
  for (std::size_t layers = 1; layers <= 7; ++layers) {
    std::vector<std::size_t> widths;
    for (std::size_t l = 0; l <= layers; ++l) {
      widths.push_back(1 + rng.below(30));
    }
    measure(1 + rng.below(40), widths);
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

TEST_CASE("backprop 3: the tape agrees with the formulas of every activation and depth") {
  for (const char* activation : {"sigmoid", "tanh", "relu", "leaky_relu", "gelu"}) {
    CAPTURE(activation);
    CHECK(greatest_disagreement_of_deep_ones<double>(activation) < 1e-12);
  }
  // Not the rectifiers in float: a z that rounding alone parts from 0 may have either slope.
  for (const char* activation : {"sigmoid", "tanh", "gelu"}) {
    CAPTURE(activation);
    CHECK(greatest_disagreement_of_deep_ones<float>(activation) < 1e-5);
  }
}

TEST_CASE("backprop 3: the formulas know the activations that recipes know, and no others") {
  CHECK(message_of([] { by_hand::find_activation<double>("swish"); }) ==
        "unknown activation 'swish'");
  for (const char* name : {"sigmoid", "tanh", "relu", "leaky_relu", "gelu"}) {
    const auto activation = by_hand::find_activation<double>(name);
    for (double z : {-3., -0.5, 0.25, 2.}) {
      CHECK(activation.slope(z) == Approx(slope([&] { return activation.f(z); }, z)));
    }
  }
}

TEST_CASE("backprop 3: targets as rows of probabilities give the same as labels") {
  const Problem<double> problem = some_problem();
  const auto by_hand = problem.backprop();
  Tape<double> tape;
  tape.keep_gradients(true);
  const auto z2 = tape.variable(problem.forward().z[1]);
  const auto loss = softmax_cross_entropy(z2, tape.constant(problem.y));
  tape.backward(loss);
  CHECK(loss.item() == Approx(by_hand.loss).epsilon(1e-14));
  CHECK(disagreement(Array<double>(5 * z2.grad()), by_hand.dz[1]) < 1e-14);
}

TEST_CASE("backprop 4: central differences are best near h = 6e-6, and better than one-sided") {
  Problem<double> problem = some_problem();
  Array<double>& w1 = problem.w(1);
  const Array<double> exact = problem.backprop().dw[0];
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
