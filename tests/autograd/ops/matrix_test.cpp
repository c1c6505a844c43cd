#include "autograd/ops/matrix.hpp"

#include <string>
#include <vector>

#include "tests/support/arrays.hpp"
#include "tests/support/evaluate.hpp"
#include "tests/support/threads.hpp"

using namespace xtape;

TEST_CASE("matmul refuses shapes that do not fit") {
  Tape<float> tape, other;
  const auto of = [&](const Shape& shape) { return tape.constant(Array<float>(shape, 1.f)); };
  const auto a = of({2, 3}), row = of({2}), cube = of({4, 2, 3}), scalar = of({}),
             cubes = of({3, 3, 5});
  const std::string wanted = " do not fit: expected (..., m, k) x (..., k, n)";
  CHECK_REFUSED(tape, matmul(a, a), ShapeError, "matmul: (2, 3) x (2, 3)" + wanted);
  CHECK_REFUSED(tape, matmul(a, row), ShapeError, "matmul: (2, 3) x (2)" + wanted);
  CHECK_REFUSED(tape, matmul(a, scalar), ShapeError, "matmul: (2, 3) x ()" + wanted);
  CHECK_REFUSED(tape, matmul(cube, a), ShapeError, "matmul: (4, 2, 3) x (2, 3)" + wanted);
  CHECK_REFUSED(tape, matmul(cube, cubes), ShapeError, "matmul: (4, 2, 3) x (3, 3, 5)" + wanted);
  const auto elsewhere = other.constant(Array<float>(Shape{3, 2}, 1.f));
  CHECK_REFUSED(tape, matmul(a, elsewhere), TapeError,
                "matmul: the operands live on different tapes");
}

TEST_CASE("matmul of large batches gives the same bits on one thread and on three", "[threads]") {
  Rng rng(1);
  const auto a = random_integers<float>(Shape{40, 30, 20}, rng);
  const auto b = random_integers<float>(Shape{40, 20, 30}, rng);
  const auto grads = [&](std::size_t count) {
    const Threads threads(count);
    Tape<float> tape;
    const auto x = tape.variable(a), y = tape.variable(b);
    const auto z = matmul(x, y);
    tape.backward(sum(z * z));
    return std::vector{z.value(), x.grad(), y.grad()};
  };
  const auto one = grads(1), three = grads(3);
  for (std::size_t i = 0; i < one.size(); ++i) {
    CHECK((one[i] == three[i]));
  }
}

TEST_CASE("linear refuses shapes that do not fit") {
  Tape<float> tape, other;
  const auto of = [&](const Shape& shape) { return tape.constant(Array<float>(shape, 1.f)); };
  const auto x = of({2, 3}), weight = of({3, 5}), bias = of({5}), long_bias = of({4}),
             matrix = of({1, 5});
  const std::string wanted = " does not fit the weights (3, 5): expected (5)";
  CHECK_REFUSED(tape, linear(weight, x, bias), ShapeError,
                "linear: (3, 5) x (2, 3) do not fit: expected (batch, in) x (in, out)");
  CHECK_REFUSED(tape, linear(x, weight, long_bias), ShapeError, "linear: the bias (4)" + wanted);
  const auto elsewhere = other.constant(Array<float>(Shape{5}, 1.f));
  CHECK_REFUSED(tape, linear(x, weight, matrix), ShapeError, "linear: the bias (1, 5)" + wanted);
  CHECK_REFUSED(tape, linear(x, weight, elsewhere), TapeError,
                "linear: the operands live on different tapes");
}

TEST_CASE("Many products that are added to one gradient do not lose digits") {
  Tape<float> tape;
  const auto weight = tape.variable(Array<float>(Shape{3, 2}, 1.F));
  const auto x = tape.constant(Array<float>(Shape{200'000, 2, 1}, 0.1F));
  tape.backward(sum(matmul(weight, x)));
  for (const float slope : weight.grad().storage()) {
    CHECK(slope == Approx(20'000).epsilon(5e-5));
  }
}
