#include "nn/optim/clip.hpp"

#include <cmath>
#include <limits>

#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"
#include "tests/support/threads.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Tape;

namespace {

/// A model with two names for one array.
struct Twice {
  Array<float> weight;
  static void visit(auto& self, auto&& f) { f("first", self.weight), f("second", self.weight); }
};

}  // namespace

TEMPLATE_TEST_CASE("clip_grad_norm shortens long gradients and returns their norm", "[nn]", float,
                   double) {
  const TwoParameters<TestType> model{{1, 1}, {1}};
  const TwoParameters<TestType> gradients{{2, -3}, {6}};
  Tape<TestType> tape;
  backward_with(tape, model, gradients);

  CHECK(nn::clip_grad_norm(model, tape, 7) == 7);
  CHECK((tape.grad(model.first) == gradients.first));
  CHECK((tape.grad(model.second) == gradients.second));

  CHECK(nn::clip_grad_norm(model, tape, 3.5) == 7);
  CHECK((tape.grad(model.first) == Array<TestType>{1, -1.5}));
  CHECK((tape.grad(model.second) == Array<TestType>{3}));
  CHECK(nn::clip_grad_norm(model, tape, std::numeric_limits<double>::infinity()) == 3.5);
}

TEST_CASE("clip_grad_norm refuses a model that visits an array twice", "[nn]") {
  const Twice model{Array<float>{3, 4}};
  Tape<float> tape;
  tape.backward(sum(tape.parameter(model.weight)));
  CHECK_FAILS(
      nn::clip_grad_norm(model, tape, 1), xtape::TapeError,
      "clip_grad_norm: two visit lines of the model name the same array (2); visit it once");
  CHECK((tape.grad(model.weight) == Array<float>{1, 1}));
}

TEST_CASE("clip_grad_norm adds squares of floats up in double", "[nn]") {
  const TwoParameters<float> model{{1.f, 1.f}, {1.f}};
  Tape<float> tape;
  backward_with(tape, model, {{3e30f, 4e30f}, {0.f}});
  CHECK(nn::clip_grad_norm(model, tape, 5) == Approx(5e30));
  CHECK(tape.grad(model.first)(0) == Approx(3));
  CHECK(tape.grad(model.first)(1) == Approx(4));
}

TEMPLATE_TEST_CASE("clip_grad_norm does not depend on the number of threads", "[nn][threads]",
                   float, double) {
  xtape::Rng rng{5};
  const auto model = random_parameters<TestType>({301, 137}, {3}, rng);
  const auto gradients = random_parameters<TestType>({301, 137}, {3}, rng);
  long double squares = 0;
  for (const TestType g : numbers_of<TestType>(gradients)) {
    squares += static_cast<long double>(g) * static_cast<long double>(g);
  }
  const auto clip = [&](std::size_t count) {
    const Threads threads(count);
    Tape<TestType> tape;
    backward_with(tape, model, gradients);
    const double norm = nn::clip_grad_norm(model, tape, 1);
    CHECK(norm == Approx(static_cast<double>(std::sqrt(squares))).epsilon(1e-14));
    CHECK(nn::clip_grad_norm(model, tape, 2) == Approx(1).epsilon(1e-6));
    return std::pair(norm, tape.grad(model.first));
  };
  const auto [norm, clipped] = clip(1);
  const auto [norm_again, clipped_again] = clip(2);
  CHECK(norm == norm_again);
  CHECK((clipped == clipped_again));
}

TEST_CASE("clip_grad_norm leaves gradients as they are when their norm is not finite", "[nn]") {
  const double infinity = std::numeric_limits<double>::infinity();
  const TwoParameters<double> model{{1, 1}, {1}};
  Tape<double> tape;
  const auto norm_of = [&](const TwoParameters<double>& gradients) {
    backward_with(tape, model, gradients);
    const double norm = nn::clip_grad_norm(model, tape, 1);
    CHECK((tape.grad(model.first) == gradients.first));
    return norm;
  };
  CHECK(norm_of({{2, 3}, {infinity}}) == infinity);
  CHECK(std::isnan(norm_of({{2, 3}, {std::nan("")}})));
  CHECK(norm_of({{2e200, 3}, {1}}) == infinity);  // the square overflows
}

TEST_CASE("clip_grad_norm says what is wrong, and then changes nothing", "[nn]") {
  const TwoParameters<double> model{{1, 1}, {1}};
  Tape<double> tape;
  const auto loss = sum(tape.parameter(model.first) * 4);
  CHECK_FAILS(nn::clip_grad_norm(model, tape, 1), xtape::TapeError,
              "clip_grad_norm: parameter 'first' (2) has no gradient: Tape::backward has not been "
              "called");
  tape.backward(loss);
  CHECK_FAILS(nn::clip_grad_norm(model, tape, 1), xtape::TapeError,
              "clip_grad_norm: parameter 'second' (1) has no gradient: the loss does not depend on "
              "it");
  CHECK((tape.grad(model.first) == Array<double>{4, 4}));
  CHECK_FAILS(nn::clip_grad_norm(model, tape, 0), xtape::ValueError,
              "clip_grad_norm: expected a max_norm above 0, got 0");
  CHECK_THROWS_AS(nn::clip_grad_norm(model, tape, std::nan("")), xtape::ValueError);
}
