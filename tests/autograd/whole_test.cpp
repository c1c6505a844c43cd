#include <numeric>
#include <string>

#include "autograd/ops/ops.hpp"
#include "autograd/record.hpp"
#include "tensor/kernels/factor.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

// Computations reject arrays that have lost their elements, and arrays with too many axes.

using namespace xtape;

TEST_CASE("An array that was moved from is part of no op") {
  Array<float> moved(Shape{2, 3}, 1.f), weight(Shape{2, 3}, 1.f);
  move_away(moved);
  Tape<float> tape;
  const auto x = tape.variable(Array<float>(Shape{2, 3}, 1.f));
  tape.parameter(weight);
  const auto refused = [&](auto op) {
    CHECK_THROWS_AS(op(), ShapeError);
    CHECK(tape.size() == 2);
    return message_of(op);
  };
  const std::string what =
      ": an array of shape (2, 3) holds 0 elements instead of 6: was it moved from?";
  CHECK(refused([&] { tape.constant(moved); }) == "constant" + what);
  CHECK(refused([&] { tape.constant(moved + moved); }) == "constant" + what);
  CHECK(refused([&] { tape.variable(moved); }) == "variable" + what);
  CHECK(refused([&] { tape.variable(2.f * moved); }) == "variable" + what);
  CHECK(refused([&] { tape.constant_view(moved); }) == "constant_view" + what);
  CHECK(refused([&] { tape.parameter(moved); }) == "parameter" + what);
  CHECK(refused([&] { record("mix", {x}, x.value() * moved, {}); }) == "mix" + what);
  CHECK(refused([&] {
          record("give", {x},
                 [&](Array<float>& y) {
                   resize(y, Shape{2, 3});
                   move_away(y);
                 },
                 {});
        }) == "give" + what);
  CHECK(refused([&] {
          tape.constant([&](Array<float>& y) {
            resize(y, Shape{2, 3});
            move_away(y);
          });
        }) == "constant" + what);
  CHECK((tape.constant(Array<float>(Shape{2, 3}, 4.f)).value() == Array<float>(Shape{2, 3}, 4.f)));
  tape.rewind();

  // An array that is moved from while it is recorded.
  const auto v = tape.parameter(weight), y = tape.variable(Array<float>(Shape{2, 3}, 1.f));
  move_away(weight);
  CHECK(refused([&] { y* v; }) == "multiply" + what);
  CHECK(refused([&] { sum(v); }) == "sum" + what);
  CHECK(refused([&] { matmul(y, transpose(v)); }) == "transpose" + what);
  CHECK(refused([&] { reshape(v, {6}); }) == "reshape" + what);
  CHECK(refused([&] { softmax(v); }) == "softmax" + what);
  CHECK(refused([&] { gather(v, {0}); }) == "gather" + what);
  CHECK(refused([&] { concatenate({y, v}); }) == "concatenate" + what);
  CHECK(refused([&] { slice(v, 0, 1); }) == "slice" + what);
  CHECK(refused([&] { max(v, 0); }) == "max" + what);
}

TEST_CASE("A matrix that was moved from is not factored") {
  if (!has_lapack()) {
    XTAPE_SKIP("SKIPPED: this build has no LAPACK");
  }
  Array<double> weight(Shape{2, 2}, 1.0);
  Tape<double> tape;
  const auto a = tape.parameter(weight), b = tape.variable(Array<double>(Shape{2}, 1.0));
  move_away(weight);
  const std::string what =
      ": an array of shape (2, 2) holds 0 elements instead of 4: was it moved from?";
  CHECK_FAILS(solve(a, b), ShapeError, "solve" + what);
  CHECK_FAILS(inverse(a), ShapeError, "inverse" + what);
  CHECK_FAILS(slogdet(a), ShapeError, "slogdet" + what);
  CHECK_FAILS(cholesky(a), ShapeError, "cholesky" + what);
  CHECK_FAILS(triangular_solve(a, b), ShapeError, "triangular_solve" + what);
  CHECK(tape.size() == 2);
}

TEST_CASE("An array that was moved from is no contribution to a gradient") {
  Array<float> moved(Shape{2, 3}, 1.f), stretched(Shape{4, 2, 3}, 1.f);
  move_away(moved);
  move_away(stretched);
  Tape<float> tape;
  const auto x = tape.variable(Array<float>(Shape{2, 3}, 1.f));
  const auto fails = [&](auto contribute) {
    const auto loss = sum(record("test", {x}, x.value() * 2.f, contribute));
    CHECK_THROWS_AS(tape.backward(loss), ShapeError);
    CHECK_THROWS_AS(x.grad(), TapeError);
    return message_of([&] { tape.backward(loss); });
  };
  const Array<float>*a = &moved, *b = &stretched;
  const std::string what =
      "variable: an array of shape (2, 3) holds 0 elements instead of 6: was it moved from?";
  CHECK(fails([=](Variable<float>) { accumulate(x, *a); }) == what);
  CHECK(fails([=](Variable<float> y) { accumulate(x, *a * y.grad()); }) == what);
  CHECK(fails([=](Variable<float> y) {
          accumulate(x, y.grad());
          accumulate(x, *a);
        }) == what);
  CHECK(fails([=](Variable<float>) { accumulate(x, *b); }).find("holds 0 elements") !=
        std::string::npos);
  CHECK(fails([=](Variable<float>) {
          accumulate(x, [](Array<float>& grad, float) { move_away(grad); });
        }) == what);
  CHECK(fails([=](Variable<float>) {
          accumulate(x, [](Array<float>& grad, float) { resize(grad, Shape{7}); });
        }) == "accumulate: a contribution made the gradient of 'variable' (2, 3) of (7)");
}

TEST_CASE("Arrays of more axes than a mask has bits get onto no tape") {
  Shape shape(65, 1);
  shape[0] = 2;
  shape[64] = 3;
  const Array<double> many(shape, 1.0), few(Shape{3}, 1.0);
  Tape<double> tape;
  const auto x = tape.variable(few);
  const auto refused = [&](auto op) {
    CHECK_THROWS_AS(op(), ShapeError);
    CHECK(tape.size() == 1);
    return message_of(op);
  };
  const std::string what = ": an array has at most 63 axes, got 65";
  CHECK(refused([&] { tape.constant(many); }) == "constant" + what);
  CHECK(refused([&] { tape.constant(many * few); }) == "constant" + what);
  CHECK(refused([&] { tape.variable(many); }) == "variable" + what);
  CHECK(refused([&] { tape.constant_view(many); }) == "constant_view" + what);
  CHECK(refused([&] { tape.parameter(many); }) == "parameter" + what);
  CHECK(refused([&] { record("mix", {x}, x.value() * many, {}); }) == "mix" + what);
  CHECK(refused([&] { record("give", {x}, [&](Array<double>& y) { y = many; }, {}); }) ==
        "give" + what);
  CHECK(refused([&] { reshape(x, Shape(64, 1)); }) ==
        "reshape: an array has at most 63 axes, got 64");
  const Array<double>* contribution = &many;
  const auto loss = sum(record("test", {x}, x.value() * 2.0,
                               [=](Variable<double>) { accumulate(x, *contribution); }));
  CHECK_THROWS_WITH(tape.backward(loss), "variable" + what);
}

TEST_CASE("Ops work up to the greatest number of axes") {
  Shape shape(63, 1);
  shape[0] = 2;
  shape[62] = 3;
  Array<double> a(shape);
  std::iota(a.storage().begin(), a.storage().end(), 0.0);
  Tape<double> tape;
  const auto x = tape.variable(a), b = tape.variable(Array<double>(Shape{3}, 1.0));
  const auto largest = max(x, 62);
  CHECK(largest.value().size() == 2);
  tape.backward(sum(x * b) + sum(largest) + sum(reshape(transpose(x, 0, -1), {6})));
  CHECK((b.grad() == array_of(Shape{3}, {3.0, 5.0, 7.0})));
}
