#include "nn/optim/lbfgs.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>

#include "autograd/ops/math.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;
using xtape::Tape;
using xtape::Variable;

namespace {

/// (first - 3)^2 in each element, and second^4.
template <class T>
Variable<T> bowl(Tape<T>& tape, const TwoParameters<T>& model) {
  return sum(square(tape.parameter(model.first) - T(3))) +
         sum(square(square(tape.parameter(model.second))));
}

}  // namespace

TEMPLATE_TEST_CASE("LBFGS finds the minimum over all parameters", "[nn]", float, double) {
  using T = TestType;
  TwoParameters<T> model{{1, -2}, {T(0.5)}};
  Tape<T> tape;
  const nn::LBFGS<T> lbfgs({.gradient_tolerance = 1e-4, .value_tolerance = 0});
  const nn::Minimum minimum = lbfgs.minimize(model, tape, [&] { return bowl(tape, model); });
  CHECK(minimum.stop == nn::Stop::gradient);
  CHECK(minimum.converged());
  CHECK(minimum.greatest_slope <= 1e-4);
  CHECK(minimum.loss < 1e-6);
  CHECK(minimum.evaluations > minimum.iterations);
  CHECK(static_cast<double>(model.first(0)) == Approx(3).margin(1e-4));
  CHECK(static_cast<double>(model.first(1)) == Approx(3).margin(1e-4));
  CHECK(static_cast<double>(model.second(0)) == Approx(0).margin(0.05));
}

TEST_CASE("LBFGS stops at each of its limits", "[nn]") {
  Tape<double> tape;
  const auto stop = [&](const nn::LBFGSOptions& options) {
    TwoParameters<double> model{{1, -2}, {0.5}};
    return nn::LBFGS<double>(options).minimize(model, tape, [&] { return bowl(tape, model); });
  };
  const nn::Minimum two = stop({.max_iterations = 2, .value_tolerance = 0});
  CHECK(two.stop == nn::Stop::iterations);
  CHECK(two.iterations == 2);
  CHECK_FALSE(two.converged());
  CHECK(stop({.gradient_tolerance = 0, .value_tolerance = 1e-3}).stop == nn::Stop::value);
  const nn::Minimum none = stop({.gradient_tolerance = 1e3});
  CHECK(none.stop == nn::Stop::gradient);
  CHECK(none.iterations == 0);
  CHECK(none.evaluations == 1);
}

TEST_CASE("LBFGS that finds no lower point leaves the parameters", "[nn]") {
  TwoParameters<double> model{{0}, {0}};
  Tape<double> tape;
  // The slope is -1, but every step makes the loss greater.
  const nn::Minimum minimum = nn::LBFGS<double>().minimize(model, tape, [&] {
    const auto x = tape.parameter(model.first), y = tape.parameter(model.second);
    return sum(model.first(0) == 0 ? y * 0.0 - x : y * 0.0 - x + 100.0);
  });
  CHECK(minimum.stop == nn::Stop::line_search);
  CHECK(model.first(0) == 0);
  CHECK(minimum.loss == 0);
}

TEST_CASE("LBFGS does not take a gradient that is NaN for a small one", "[nn]") {
  TwoParameters<double> model{{0}, {1}};
  Tape<double> tape;
  const nn::Minimum minimum = nn::LBFGS<double>().minimize(model, tape, [&] {
    const auto x = tape.parameter(model.first), y = tape.parameter(model.second);
    return sum(sqrt(square(x))) + sum(square(y));
  });
  CHECK(minimum.stop == nn::Stop::line_search);
  CHECK(std::isnan(minimum.greatest_slope));
  CHECK(model.second(0) == 1);
}

TEST_CASE("LBFGS steps back from losses that are not finite", "[nn]") {
  TwoParameters<double> model{{1e-3}, {0}};
  Tape<double> tape;
  // ln x is NaN below 0. The minimum of x - ln x is at 1.
  const nn::Minimum minimum = nn::LBFGS<double>().minimize(model, tape, [&] {
    const auto x = tape.parameter(model.first);
    return sum(x - log(x)) + sum(square(tape.parameter(model.second)));
  });
  CHECK(minimum.converged());
  CHECK(model.first(0) == Approx(1).epsilon(1e-4));
}

TEST_CASE("LBFGS leaves frozen parameters alone", "[nn]") {
  TwoParameters<double> model{{1}, {0.5}};
  Tape<double> tape;
  nn::LBFGS<double>().minimize(model, tape, [&] {
    tape.freeze(model.second);
    return bowl(tape, model);
  });
  CHECK(model.first(0) == Approx(3));
  CHECK(model.second(0) == 0.5);
}

TEST_CASE("LBFGS keeps the lowest point if a loss throws", "[nn]") {
  TwoParameters<double> model{{1}, {0.5}};
  Tape<double> tape;
  int calls = 0;
  const auto minimize = [&] {
    nn::LBFGS<double>().minimize(model, tape, [&]() -> Variable<double> {
      if (++calls == 2) {
        throw std::runtime_error("no");
      }
      return bowl(tape, model);
    });
  };
  CHECK_THROWS_AS(minimize(), std::runtime_error);
  CHECK(model.first(0) == 1);
  CHECK(model.second(0) == 0.5);
}

TEST_CASE("LBFGS says what does not fit", "[nn]") {
  TwoParameters<double> model{{1}, {0.5}};
  Tape<double> tape;
  const nn::LBFGS<double> lbfgs;
  CHECK_FAILS(lbfgs.minimize(model, tape, [&] { return sum(tape.parameter(model.first)); }),
              xtape::TapeError,
              "LBFGS: parameter 'second' (1) has no gradient: the loss does not depend on it");
  CHECK_FAILS(lbfgs.minimize(model, tape, [&] { return bowl(tape, model) * std::nan(""); }),
              xtape::ValueError, "LBFGS: the loss is nan at the first point");
  const auto refuses = [](const nn::LBFGSOptions& options, const std::string& message) {
    CHECK_FAILS(nn::LBFGS(options), xtape::ValueError, "LBFGS: expected a " + message);
  };
  refuses({.max_iterations = 0}, "max_iterations above 0, got 0");
  refuses({.history = 0}, "history above 0, got 0");
  refuses({.gradient_tolerance = -1}, "gradient_tolerance of at least 0, got -1");
  refuses({.value_tolerance = std::nan("")}, "value_tolerance of at least 0, got nan");
  refuses({.max_line_evaluations = 0}, "max_line_evaluations above 0, got 0");
}
