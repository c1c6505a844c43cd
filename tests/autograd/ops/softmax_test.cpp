#include "autograd/ops/softmax.hpp"

#include <cmath>
#include <string>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "tests/support/evaluate.hpp"

using namespace xtape;

TEMPLATE_TEST_CASE("softmax is right for numbers of any size", "", float, double) {
  using T = TestType;
  const auto probabilities = [](auto x) { return softmax(x); };
  const auto logarithms = [](auto x) { return log_softmax(x); };
  const auto gradient_of_second = [](auto op, const Array<T>& x) {
    const Array<T> second =
        array_of<T>(x.size() == 2 ? std::vector{0., 1.} : std::vector{0., 1., 0.});
    return evaluate([&](auto v) { return op(v) * second; }, x).grad;
  };
  for (const double big : {1e4, 1e30}) {
    INFO(big);
    const Array<T> apart = array_of<T>({big, -big, 0}), equal = array_of<T>({big, big});
    CHECK((evaluate(probabilities, apart).value == array_of<T>({1, 0, 0})));
    CHECK((gradient_of_second(probabilities, apart) == array_of<T>({0, 0, 0})));
    CHECK((evaluate(probabilities, equal).value == array_of<T>({0.5, 0.5})));
    CHECK((gradient_of_second(probabilities, equal) == array_of<T>({-0.25, 0.25})));

    CHECK((evaluate(logarithms, apart).value == array_of<T>({0, -2 * big, -big})));
    CHECK((gradient_of_second(logarithms, apart) == array_of<T>({-1, 1, 0})));
    CHECK(greatest_difference(evaluate(logarithms, equal).value,
                              array_of<double>({-std::log(2), -std::log(2)})) < rounding<T>);
    CHECK((gradient_of_second(logarithms, equal) == array_of<T>({-0.5, 0.5})));
  }
}

TEST_CASE("softmax refuses an axis without elements") {
  Tape<float> tape;
  const auto scalar = tape.variable(1), empty = tape.variable(Array<float>(Shape{3, 0}));
  const std::string wanted = "softmax: expected a last axis with at least one element, got ";
  CHECK_REFUSED(tape, softmax(scalar), ShapeError, wanted + "()");
  CHECK_REFUSED(tape, softmax(empty), ShapeError, wanted + "(3, 0)");
  CHECK_REFUSED(tape, log_softmax(scalar), ShapeError, "log_" + wanted + "()");
  CHECK_REFUSED(tape, log_softmax(empty), ShapeError, "log_" + wanted + "(3, 0)");
}
