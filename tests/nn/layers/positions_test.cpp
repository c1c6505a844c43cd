#include "nn/layers/positions.hpp"

#include <cmath>
#include <utility>

#include "autograd/ops/ops.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/evaluate.hpp"

using namespace xtape;

TEMPLATE_TEST_CASE("SinusoidalPositions adds the waves of the steps", "", float, double) {
  using T = TestType;
  Tape<T> tape;
  const auto x = tape.constant(Array<T>(Shape{2, 3, 5}, T(1)));
  const auto y = nn::SinusoidalPositions{}(x);
  for (std::size_t t = 0; t < 3; ++t) {
    const double step = static_cast<double>(t);
    const double slow = step / std::pow(10000, 0.4), slowest = step / std::pow(10000, 0.8);
    const double waves[] = {std::sin(step), std::cos(step), std::sin(slow), std::cos(slow),
                            std::sin(slowest)};
    for (std::size_t i = 0; i < 5; ++i) {
      CHECK(static_cast<double>(y.value()(1, t, i)) == Approx(1 + waves[i]).margin(1e-6));
    }
  }
  const auto later = nn::SinusoidalPositions{}(slice(x, 1, 3, 1), 1);
  CHECK((later.value() == slice(y, 1, 3, 1).value()));
}

TEST_CASE("LearnedPositions adds the vectors of the steps, and learns them") {
  Rng rng(1);
  nn::LearnedPositions<double> positions(3, 2, rng);
  CHECK(positions.weight(2, 1) != 0);
  positions.weight = array_of<double>(Shape{3, 2}, {1, 2, 3, 4, 5, 6});
  Tape<double> tape;
  const auto x = tape.variable(Array<double>(Shape{2, 2, 2}, 1.0));
  const auto y = positions(x, 1);
  CHECK((y.value() == array_of<double>(Shape{2, 2, 2}, {4, 5, 6, 7, 4, 5, 6, 7})));
  tape.backward(sum(y));
  CHECK((tape.grad(positions.weight) == array_of<double>(Shape{3, 2}, {0, 0, 2, 2, 2, 2})));
  CHECK((x.grad() == Array<double>(Shape{2, 2, 2}, 1.0)));
  CHECK(positions.describe() == "LearnedPositions 3 x 2");
}

TEST_CASE("Positions refuse what does not fit") {
  Rng rng(1);
  nn::LearnedPositions<double> positions(3, 2, rng);
  Tape<double> tape;
  const auto of = [&](const Shape& shape) { return tape.constant(Array<double>(shape, 0.0)); };
  const auto row = of({2, 2}), wide = of({1, 2, 3}), x = of({1, 2, 2}), none = of({1, 0, 2});
  CHECK_REFUSED(tape, nn::SinusoidalPositions{}(row), ShapeError,
                "SinusoidalPositions: expected (batch, time, width), got (2, 2)");
  const std::string name = "LearnedPositions 3 x 2: ";
  CHECK_REFUSED(tape, positions(row), ShapeError, name + "expected (batch, time, 2), got (2, 2)");
  CHECK_REFUSED(tape, positions(wide), ShapeError,
                name + "expected (batch, time, 2), got (1, 2, 3)");
  CHECK_REFUSED(tape, positions(x, 2), ShapeError,
                name + "expected steps below 3, got 2 from step 2 on");
  CHECK_REFUSED(tape, positions(x, 4), ShapeError,
                name + "expected steps below 3, got 2 from step 4 on");
  CHECK(positions(none, 3).shape() == Shape{1, 0, 2});
  CHECK_FAILS(nn::LearnedPositions<double>(0, 2, rng), ValueError,
              "LearnedPositions: expected sizes of at least 1, got 0 x 2");
  const auto taker = std::move(positions);
  CHECK_THROWS_AS(positions(x), ShapeError);
}
