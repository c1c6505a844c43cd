#include "autograd/ops/softmax.hpp"

#include <cmath>

#include "autograd/ops/arithmetic.hpp"
#include "tests/ops/evaluate.hpp"

using namespace xtape;

namespace {

const auto apply_softmax = [](auto x) { return softmax(x); };
const auto apply_log_softmax = [](auto x) { return log_softmax(x); };

/// Returns the gradient of the second element of each row.
template <class T, class Op>
Array<T> gradient_of_second(Op op, const Array<T>& x) {
  return evaluate(
             [&](auto v) {
               auto y = op(v);
               Array<T> second(Shape{x.shape().back()}, T(0));
               second.data()[1] = T(1);
               return y * v.tape().constant(second);
             },
             x)
      .grad;
}

}  // namespace

TEMPLATE_TEST_CASE("softmax and log_softmax agree with their formulas", "", float, double) {
  Rng rng(5);
  for (const std::size_t length : ragged_lengths) {
    const Array<double> x = anywhere(Shape{3, length}, rng);
    Array<double> p(x.shape()), l(x.shape());
    for (std::size_t i = 0; i < 3; ++i) {
      double total = 0;
      for (std::size_t j = 0; j < length; ++j) {
        total += std::exp(x(i, j));
      }
      for (std::size_t j = 0; j < length; ++j) {
        p(i, j) = std::exp(x(i, j)) / total;
        l(i, j) = x(i, j) - std::log(total);
      }
    }
    Tape<TestType> tape;
    const auto v = tape.constant(converted<TestType>(x));
    INFO(length << " columns");
    CHECK(greatest_difference(softmax(v).value(), p) < rounding<TestType>);
    CHECK(greatest_difference(log_softmax(v).value(), l) < rounding<TestType>);
    CHECK(greatest_difference(sum(softmax(v), 1).value(), Array<double>(Shape{3}, 1.0)) <
          rounding<TestType>);
  }
}

TEMPLATE_TEST_CASE("softmax is right for numbers of any size", "", float, double) {
  using T = TestType;
  for (const double big : {1e4, 1e30}) {
    INFO(big);
    const Array<T> apart = array_of<T>({big, -big, 0}), equal = array_of<T>({big, big});
    CHECK((evaluate(apply_softmax, apart).value == array_of<T>({1, 0, 0})));
    CHECK((gradient_of_second(apply_softmax, apart) == array_of<T>({0, 0, 0})));
    CHECK((evaluate(apply_softmax, equal).value == array_of<T>({0.5, 0.5})));
    CHECK((gradient_of_second(apply_softmax, equal) == array_of<T>({-0.25, 0.25})));

    CHECK((evaluate(apply_log_softmax, apart).value == array_of<T>({0, -2 * big, -big})));
    CHECK((gradient_of_second(apply_log_softmax, apart) == array_of<T>({-1, 1, 0})));
    CHECK(greatest_difference(evaluate(apply_log_softmax, equal).value,
                              array_of<double>({-std::log(2), -std::log(2)})) < rounding<T>);
    CHECK((gradient_of_second(apply_log_softmax, equal) == array_of<T>({-0.5, 0.5})));
  }
}

TEMPLATE_TEST_CASE("a row with NaN becomes NaN, and no other", "", float, double) {
  const auto x = array_of<TestType>(Shape{3, 2}, {0, 0, not_a_number, 0, 0, not_a_number});
  for (const bool logarithm : {false, true}) {
    Tape<TestType> tape;
    const auto v = tape.constant(x);
    const auto y = logarithm ? log_softmax(v) : softmax(v);
    CHECK(y.value()(0, 0) == Approx(logarithm ? std::log(0.5) : 0.5));
    for (std::size_t i = 2; i < 6; ++i) {
      CHECK(std::isnan(y.value().data()[i]));
    }
  }
}

TEST_CASE("softmax refuses an axis without elements") {
  Tape<float> tape;
  const auto scalar = tape.variable(1), empty = tape.variable(Array<float>(Shape{3, 0}));
  CHECK_THROWS_AS(softmax(scalar), ShapeError);
  CHECK(failure_of(tape, [&] { softmax(scalar); }) ==
        "softmax: expected a last axis with at least one element, got ()");
  CHECK(failure_of(tape, [&] { softmax(empty); }) ==
        "softmax: expected a last axis with at least one element, got (3, 0)");
  CHECK_THROWS_AS(log_softmax(empty), ShapeError);
  CHECK(failure_of(tape, [&] { log_softmax(empty); }) ==
        "log_softmax: expected a last axis with at least one element, got (3, 0)");
}
