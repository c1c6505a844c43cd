#include "autograd/ops/matrix.hpp"

#include <cstddef>

#include "autograd/ops/arithmetic.hpp"
#include "tests/ops/evaluate.hpp"

using namespace xtape;

namespace {

/// Returns a b, by definition.
Array<double> product(const Array<double>& a, const Array<double>& b) {
  Array<double> y(Shape{a.shape()[0], b.shape()[1]}, 0.0);
  for (std::size_t i = 0; i < a.shape()[0]; ++i) {
    for (std::size_t j = 0; j < b.shape()[1]; ++j) {
      for (std::size_t k = 0; k < b.shape()[0]; ++k) {
        y(i, j) += a(i, k) * b(k, j);
      }
    }
  }
  return y;
}

}  // namespace

TEMPLATE_TEST_CASE("matmul multiplies matrices", "", float, double) {
  Tape<TestType> tape;
  const auto a = tape.variable(array_of<TestType>(Shape{2, 3}, {1, 2, 3, 4, 5, 6}));
  const auto b = tape.variable(array_of<TestType>(Shape{3, 2}, {1, 0, 2, -1, 0, 3}));
  const auto y = matmul(a, b);
  CHECK((y.value() == array_of<TestType>(Shape{2, 2}, {5, 7, 14, 13})));
  tape.backward(sum(y));
  CHECK((a.grad() == array_of<TestType>(Shape{2, 3}, {1, 1, 3, 1, 1, 3})));
  CHECK((b.grad() == array_of<TestType>(Shape{3, 2}, {5, 5, 7, 7, 9, 9})));
}

TEMPLATE_TEST_CASE("matmul agrees with its definition at every size", "", float, double) {
  Rng rng(5);
  for (const std::size_t m : ragged_lengths) {
    for (const std::size_t n : ragged_lengths) {
      const Array<double> a = anywhere(Shape{m, 23}, rng), b = anywhere(Shape{23, n}, rng);
      Tape<TestType> tape;
      const auto y =
          matmul(tape.constant(converted<TestType>(a)), tape.constant(converted<TestType>(b)));
      INFO(m << " x 23 x " << n);
      CHECK(greatest_difference(y.value(), product(a, b)) < rounding<TestType>);
    }
  }
}

TEMPLATE_TEST_CASE("linear is a product and a bias for each row", "", float, double) {
  Rng rng(6);
  for (const std::size_t batch : ragged_lengths) {
    const Array<double> x = anywhere(Shape{batch, 23}, rng), weight = anywhere(Shape{23, 17}, rng),
                        bias = anywhere(Shape{17}, rng);
    Tape<TestType> tape;
    const auto y =
        linear(tape.variable(converted<TestType>(x)), tape.variable(converted<TestType>(weight)),
               tape.variable(converted<TestType>(bias)));
    Array<double> expected = product(x, weight);
    for (std::size_t i = 0; i < batch; ++i) {
      for (std::size_t j = 0; j < 17; ++j) {
        expected(i, j) += bias(j);
      }
    }
    INFO("batch of " << batch);
    CHECK(greatest_difference(y.value(), expected) < rounding<TestType>);
  }
}

TEMPLATE_TEST_CASE("a product over no elements is 0", "", float, double) {
  Tape<TestType> tape;
  const auto x = tape.variable(array_of<TestType>(Shape{2, 0}, {}));
  const auto weight = tape.variable(array_of<TestType>(Shape{0, 2}, {}));
  const auto bias = tape.variable(array_of<TestType>({3, 4}));
  CHECK((matmul(x, weight).value() == array_of<TestType>(Shape{2, 2}, {0, 0, 0, 0})));
  CHECK((linear(x, weight, bias).value() == array_of<TestType>(Shape{2, 2}, {3, 4, 3, 4})));
}

TEST_CASE("matmul refuses shapes that do not fit") {
  Tape<float> tape, other;
  const auto of = [&](const Shape& shape) { return tape.constant(Array<float>(shape, 1.f)); };
  const auto a = of({2, 3}), b = of({2, 3}), row = of({3}), cube = of({1, 2, 3});
  CHECK_THROWS_AS(matmul(a, b), ShapeError);
  CHECK(failure_of(tape, [&] { matmul(a, b); }) ==
        "matmul: (2, 3) x (2, 3) do not fit: expected (m, k) x (k, n)");
  CHECK(failure_of(tape, [&] { matmul(a, row); }) ==
        "matmul: (2, 3) x (3) do not fit: expected (m, k) x (k, n)");
  CHECK(failure_of(tape, [&] { matmul(cube, a); }) ==
        "matmul: (1, 2, 3) x (2, 3) do not fit: expected (m, k) x (k, n)");
  const auto elsewhere = other.constant(Array<float>(Shape{3, 2}, 1.f));
  CHECK_THROWS_AS(matmul(a, elsewhere), TapeError);
  CHECK(failure_of(tape, [&] { matmul(a, elsewhere); }) ==
        "matmul: the operands live on different tapes");
}

TEST_CASE("linear refuses shapes that do not fit") {
  Tape<float> tape, other;
  const auto of = [&](const Shape& shape) { return tape.constant(Array<float>(shape, 1.f)); };
  const auto x = of({2, 3}), weight = of({3, 5}), bias = of({5}), long_bias = of({4}),
             matrix_bias = of({1, 5});
  CHECK_THROWS_AS(linear(weight, x, bias), ShapeError);
  CHECK(failure_of(tape, [&] { linear(weight, x, bias); }) ==
        "linear: (3, 5) x (2, 3) do not fit: expected (batch, in) x (in, out)");
  CHECK_THROWS_AS(linear(x, weight, long_bias), ShapeError);
  CHECK(failure_of(tape, [&] { linear(x, weight, long_bias); }) ==
        "linear: the bias (4) does not fit the weights (3, 5): expected (5)");
  CHECK(failure_of(tape, [&] { linear(x, weight, matrix_bias); }) ==
        "linear: the bias (1, 5) does not fit the weights (3, 5): expected (5)");
  const auto elsewhere = other.constant(Array<float>(Shape{5}, 1.f));
  CHECK(failure_of(tape, [&] { linear(x, weight, elsewhere); }) ==
        "linear: the operands live on different tapes");
}
