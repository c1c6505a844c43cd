#include "nn/layers/affine.hpp"

#include <utility>

#include "autograd/check/gradcheck.hpp"
#include "autograd/ops/ops.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/evaluate.hpp"

using namespace xtape;
using nn::detail::affine;

TEMPLATE_TEST_CASE("affine is a product along the last axis, for weights in either layout", "",
                   float, double) {
  using T = TestType;
  Rng rng(1);
  Tape<T> tape;
  const auto weight = tape.constant(random_integers<T>(Shape{3, 4}, rng));
  const auto bias = tape.constant(random_integers<T>(Shape{4}, rng));
  for (const Shape& shape : {Shape{2, 5, 3}, Shape{2, 3}, Shape{3}, Shape{0, 2, 3}}) {
    const auto x = tape.constant(random_integers<T>(shape, rng));
    const Array<T> expected = (matmul(x, weight) + bias).value();
    CHECK((affine(x, weight, Transpose::no, bias).value() == expected));
    CHECK((affine(x, transpose(weight), Transpose::yes, bias).value() == expected));
  }
}

TEST_CASE("The gradients of affine are its finite differences") {
  Rng rng(2);
  const auto as_is = [](auto x, auto w, auto b) { return affine(x, w, Transpose::no, b); };
  const auto turned = [](auto x, auto w, auto b) { return affine(x, w, Transpose::yes, b); };
  const auto twice = [](auto w, auto b) {  // adds to gradients that exist
    return affine(affine(w, w, Transpose::yes, b), w, Transpose::no, b);
  };
  const auto of = [&](const Shape& shape) { return random_normal<double>(shape, rng); };
  CHECK(gradcheck(as_is, {of({2, 5, 3}), of({3, 4}), of({4})}));
  CHECK(gradcheck(turned, {of({2, 5, 3}), of({4, 3}), of({4})}));
  CHECK(gradcheck(turned, {of({1}), of({1, 1}), of({1})}));
  CHECK(gradcheck(twice, {of({3, 3}), of({3})}));
}

TEST_CASE("affine without rows has gradients of 0") {
  Tape<double> tape;
  const auto x = tape.variable(Array<double>(Shape{0, 2}, 0.0));
  const auto weight = tape.variable(Array<double>(Shape{2, 3}, 1.0));
  const auto bias = tape.variable(Array<double>(Shape{3}, 1.0));
  tape.backward(sum(affine(x, weight, Transpose::no, bias)));
  CHECK((weight.grad() == Array<double>(Shape{2, 3}, 0.0)));
  CHECK((bias.grad() == Array<double>(Shape{3}, 0.0)));
}

TEST_CASE("affine refuses shapes that do not fit, and weights that were moved from") {
  Tape<double> tape;
  const auto of = [&](const Shape& shape) { return tape.constant(Array<double>(shape, 0.0)); };
  const auto x = of({2, 5, 3}), weight = of({3, 4}), bias = of({4}), wide = of({5}),
             none = of({3, 0});
  const auto empty = of({0}), scalar = of({});
  const std::string end = " do not fit";
  CHECK_REFUSED(tape, affine(x, weight, Transpose::yes, bias), ShapeError,
                "affine: (2, 5, 3) x (3, 4) + (4)" + end);
  CHECK_REFUSED(tape, affine(x, weight, Transpose::no, wide), ShapeError,
                "affine: (2, 5, 3) x (3, 4) + (5)" + end);
  CHECK_REFUSED(tape, affine(x, bias, Transpose::no, bias), ShapeError,
                "affine: (2, 5, 3) x (4) + (4)" + end);
  CHECK_REFUSED(tape, affine(x, none, Transpose::no, empty), ShapeError,
                "affine: (2, 5, 3) x (3, 0) + (0)" + end);
  CHECK_REFUSED(tape, affine(scalar, weight, Transpose::no, bias), ShapeError,
                "affine: () x (3, 4) + (4)" + end);
  Array<double> moved(Shape{3, 4}, 1.0);
  const auto gone = tape.parameter(moved);
  move_away(moved);
  CHECK_THROWS_AS(affine(x, gone, Transpose::no, bias), ShapeError);
}
