#include "autograd/ops/linear_algebra.hpp"

#include <limits>

#include "autograd/ops/ops.hpp"
#include "tensor/kernels/factor.hpp"
#include "tests/support/evaluate.hpp"

using namespace xtape;

namespace {

/// Ends a test in a build without LAPACK.
#define LAPACK_OR_SKIP()                             \
  if (!has_lapack()) {                               \
    XTAPE_SKIP("SKIPPED: this build has no LAPACK"); \
  }

Array<double> two_matrices(const std::vector<double>& second) {
  std::vector<double> numbers{2, 1, 1, 3};
  numbers.insert(numbers.end(), second.begin(), second.end());
  return array_of<double>(Shape{2, 2, 2}, numbers);
}

}  // namespace

TEST_CASE("linear algebra names the matrix that is singular") {
  LAPACK_OR_SKIP();
  Tape<double> tape;
  const auto singular = tape.variable(two_matrices({1, 2, 2, 4}));
  const auto zero = tape.variable(array_of<double>(Shape{2, 2}, {0, 0, 0, 0}));
  const auto b = tape.variable(array_of<double>({1, 2}));
  const auto columns = tape.variable(array_of<double>(Shape{2, 1}, {1, 2}));
  const std::string wrong = ": matrix 1 of (2, 2, 2) is singular";
  CHECK_REFUSED(tape, solve(singular, b), ValueError, "solve" + wrong);
  CHECK_REFUSED(tape, inverse(singular), ValueError, "inverse" + wrong);
  CHECK_REFUSED(tape, slogdet(singular), ValueError, "slogdet" + wrong);
  CHECK_REFUSED(tape, inverse(zero), ValueError, "inverse: the matrix (2, 2) is singular");
  CHECK_REFUSED(tape, triangular_solve(zero, columns), ValueError,
                "triangular_solve: the matrix (2, 2) is singular");
  CHECK((triangular_solve(zero, columns, {.unit_diagonal = true}).value() == columns.value()));
}

TEST_CASE("cholesky names the matrix that is not positive definite") {
  LAPACK_OR_SKIP();
  Tape<double> tape;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto x = tape.variable(two_matrices({1, 2, 2, 1})),
             y = tape.variable(two_matrices({nan, 0, 0, 1}));
  const auto negative = tape.variable(-two_matrices({2, 1, 1, 3}));
  const std::string wrong = "cholesky: matrix 1 of (2, 2, 2) is not positive definite";
  CHECK_REFUSED(tape, cholesky(x), ValueError, wrong);
  CHECK_REFUSED(tape, cholesky(y), ValueError, wrong);
  CHECK_REFUSED(tape, cholesky(negative), ValueError,
                "cholesky: matrix 0 of (2, 2, 2) is not positive definite");
}

TEST_CASE("linear algebra refuses shapes that do not fit") {
  Tape<double> tape;
  const auto x = tape.variable(Array<double>(Shape{2, 3}, 1.0));
  const auto a = tape.variable(Array<double>(Shape{2, 2}, 1.0)),
             b = tape.variable(Array<double>(Shape{3}, 1.0));
  const std::string square = ": expected square matrices (..., n, n), got (2, 3)";
  CHECK_REFUSED(tape, solve(x, b), ShapeError, "solve" + square);
  CHECK_REFUSED(tape, inverse(x), ShapeError, "inverse" + square);
  CHECK_REFUSED(tape, slogdet(x), ShapeError, "slogdet" + square);
  CHECK_REFUSED(tape, cholesky(x), ShapeError, "cholesky" + square);
  CHECK_REFUSED(tape, triangular_solve(x, b), ShapeError, "triangular_solve" + square);
  CHECK_REFUSED(tape, inverse(b), ShapeError,
                "inverse: expected square matrices (..., n, n), got (3)");
  CHECK_REFUSED(tape, solve(a, b), ShapeError,
                "solve: (2, 2) and (3) do not fit: expected (..., n, n) and (..., n, k)");
}

TEMPLATE_TEST_CASE("solve exchanges rows, and slogdet counts them", "", float, double) {
  LAPACK_OR_SKIP();
  using T = TestType;
  Tape<T> tape;
  const auto a = tape.variable(array_of<T>(Shape{3, 3}, {0, 2, 0, 0, 0, 4, 1, 0, 0}));
  CHECK((solve(a, tape.constant(array_of<T>({2, 4, 3}))).value() == array_of<T>({3, 1, 1})));
  CHECK((matmul(a, inverse(a)).value() == array_of<T>(Shape{3, 3}, {1, 0, 0, 0, 1, 0, 0, 0, 1})));
  const auto [sign, log_det] = slogdet(a);
  CHECK(sign.item() == 1);
  CHECK(std::abs(exp(log_det).item() - 8) < T(1e-5));
  const auto [other_sign, other] = slogdet(a * array_of<T>(Shape{3, 1}, {1, -1, 1}));
  CHECK(other_sign.item() == -1);
  CHECK_FALSE(sign.needs_grad());
}
