#include "autograd/ops/triangles.hpp"

#include <limits>

#include "tests/support/evaluate.hpp"

using namespace xtape;

TEST_CASE("tril and triu set NaN to 0, too") {
  Tape<double> tape;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto x = tape.constant(array_of<double>(Shape{2, 2}, {1, nan, 2, 3}));
  CHECK((tril(x).value() == array_of<double>(Shape{2, 2}, {1, 0, 2, 3})));
  const auto y = tape.constant(array_of<double>(Shape{2, 2}, {1, 2, nan, 3}));
  CHECK((triu(y).value() == array_of<double>(Shape{2, 2}, {1, 2, 0, 3})));
}

TEST_CASE("diagonals and triangles take any offset") {
  Tape<double> tape;
  const auto x = tape.constant(array_of<double>(Shape{2, 3}, {1, 2, 3, 4, 5, 6}));
  constexpr std::ptrdiff_t most = std::numeric_limits<std::ptrdiff_t>::max();
  constexpr std::ptrdiff_t least = std::numeric_limits<std::ptrdiff_t>::min();
  CHECK((diagonal(x, 1).value() == array_of<double>({2, 6})));
  CHECK(diagonal(x, most).shape() == Shape{0});
  CHECK(diagonal(x, least).shape() == Shape{0});
  CHECK((tril(x, most).value() == x.value()));
  CHECK((triu(x, least).value() == x.value()));
  CHECK_REFUSED(tape, diag(x, most), ShapeError,
                "diag: shape (2, 9223372036854775810, 9223372036854775810) has more elements than "
                "can be counted");
}

TEST_CASE("diagonals and triangles refuse operands with too few axes") {
  Tape<double> tape;
  const auto row = tape.constant(array_of<double>({1, 2})), scalar = tape.constant(1);
  const std::string wrong = ": (2) is neither a matrix nor a batch of matrices";
  CHECK_REFUSED(tape, diagonal(row), ShapeError, "diagonal" + wrong);
  CHECK_REFUSED(tape, tril(row), ShapeError, "tril" + wrong);
  CHECK_REFUSED(tape, triu(row), ShapeError, "triu" + wrong);
  CHECK_REFUSED(tape, diag(scalar), ShapeError, "diag: a scalar is not a vector");
}
