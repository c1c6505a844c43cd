#include <algorithm>
#include <string>
#include <vector>

#include "autograd/derivatives.hpp"
#include "autograd/ops/ops.hpp"
#include "tensor/kernels/factor.hpp"
#include "tests/support/evaluate.hpp"
#include "tests/support/operands.hpp"

// Linear algebra of Dual numbers: what the rows of the table of ops do not say.

using namespace xtape;

namespace {

using Duals = Array<Dual<double>>;

/// Returns Dual numbers with these tangents.
Duals moving(const Array<double>& x, double tangent) {
  Duals both(x.shape());
  std::copy_n(x.data(), x.size(), both.storage().values());
  std::fill_n(both.storage().tangents(), x.size(), tangent);
  return both;
}

/// Whether an operand moves. If it is a parameter, its tangents are known to be 0.
enum class Motion { of_parameter, none, all };

Variable<Dual<double>> operand(Tape<Dual<double>>& tape, const Array<double>& x, Motion motion) {
  return motion == Motion::of_parameter ? tape.parameter(x)
                                        : tape.variable(moving(x, motion == Motion::all ? 1 : 0));
}

/// Calls check(name, op) with each op of linear algebra, as a function of a positive definite
/// matrix and a right side.
template <class Check>
void for_each_op(Check check) {
  check("solve", [](auto a, auto b) { return sum(square(solve(a, b))); });
  check("inverse", [](auto a, auto b) { return sum(matmul(inverse(a), square(b))); });
  check("slogdet", [](auto a, auto b) { return slogdet(a)[1] * sum(square(b)); });
  check("cholesky", [](auto a, auto b) { return sum(matmul(cholesky(a), square(b))); });
  check("triangular_solve", [](auto a, auto b) { return sum(square(triangular_solve(a, b))); });
  check("triangular_solve with a diagonal of 1", [](auto a, auto b) {
    return sum(square(triangular_solve(a, b, {.upper = true, .unit_diagonal = true})));
  });
}

const Array<double> matrix = array_of<double>(Shape{2, 2}, {4, 1, 1, 3});
const Array<double> columns = array_of<double>(Shape{2, 3}, {1, -2, 3, 0.5, 2, -1});

/// The value and the gradients of an op.
std::vector<Duals> results_of(auto op, Motion of_matrix, Motion of_columns) {
  Tape<Dual<double>> tape;
  const auto a = operand(tape, matrix, of_matrix), b = operand(tape, columns, of_columns);
  const auto loss = op(a, b);
  tape.backward(loss);
  return {loss.value(), a.grad(), b.grad()};
}

}  // namespace

TEST_CASE("linear algebra computes the same whether tangents of 0 are known to be 0 or not") {
  if (!has_lapack()) {
    XTAPE_SKIP("SKIPPED: this build has no LAPACK");
  }
  for_each_op([](const char* name, auto op) {
    using enum Motion;
    INFO(name);
    CHECK((results_of(op, of_parameter, all) == results_of(op, none, all)));
    CHECK((results_of(op, all, of_parameter) == results_of(op, all, none)));
    CHECK((results_of(op, of_parameter, of_parameter) == results_of(op, none, none)));
  });
}

TEST_CASE("infinite solutions have finite tangents if only the right side moves") {
  if (!has_lapack()) {
    XTAPE_SKIP("SKIPPED: this build has no LAPACK");
  }
  const Shape shape{1, 1};
  const Array<double> two(shape, 2.0), unbounded(shape, infinity), direction(shape, 3.0);
  const auto tangent_of = [&](auto op) {
    const auto f = [&](auto x) { return op(x.tape().constant(two), x); };
    return jvp(f, unbounded, direction).second(0, 0);
  };
  CHECK(tangent_of([](auto a, auto x) { return solve(a, x); }) == 1.5);
  CHECK(tangent_of([](auto a, auto x) { return triangular_solve(a, x); }) == 1.5);
}

TEST_CASE("linear algebra of Dual numbers refuses what it refuses of plain ones") {
  if (!has_lapack()) {
    XTAPE_SKIP("SKIPPED: this build has no LAPACK");
  }
  Tape<Dual<double>> tape;
  // The tangents are those of a regular, and of a positive definite matrix.
  const auto moved = [&](const Shape& shape, const std::vector<double>& numbers) {
    Duals both = moving(array_of<double>(shape, numbers), 0);
    for (std::size_t i = 0; i < both.size(); ++i) {
      both.storage().tangents()[i] = i % 4 == 0 || i % 4 == 3 ? 1 : 0;
    }
    return tape.variable(both);
  };
  const auto singular = moved(Shape{2, 2, 2}, {2, 1, 1, 3, 1, 2, 2, 4});
  const auto zero = moved(Shape{2, 2}, {0, 0, 0, 0}), b = moved(Shape{2, 1}, {1, 2});
  const std::string wrong = ": matrix 1 of (2, 2, 2) is singular";
  CHECK_REFUSED(tape, solve(singular, b), ValueError, "solve" + wrong);
  CHECK_REFUSED(tape, inverse(singular), ValueError, "inverse" + wrong);
  CHECK_REFUSED(tape, slogdet(singular), ValueError, "slogdet" + wrong);
  CHECK_REFUSED(tape, triangular_solve(zero, b), ValueError,
                "triangular_solve: the matrix (2, 2) is singular");
  CHECK_REFUSED(tape, cholesky(zero), ValueError,
                "cholesky: the matrix (2, 2) is not positive definite");
}

TEST_CASE("the sign of a determinant does not move") {
  if (!has_lapack()) {
    XTAPE_SKIP("SKIPPED: this build has no LAPACK");
  }
  const Array<double> x = array_of<double>(Shape{2, 2}, {0, 2, 3, 0});
  const auto [sign, tangent] = jvp([](auto a) { return slogdet(a)[0]; }, x, x);
  CHECK(sign() == -1);
  CHECK(tangent() == 0);
}
