#include "autograd/ops/linear_algebra.hpp"
#include "autograd/ops/ops.hpp"
#include "tensor/kernels/factor.hpp"
#include "tests/ops/table.hpp"

/// The rows of linear algebra. Their operands are matrices that are far from singular, which random
/// graphs do not have.

namespace xtape {

// clang-format off

#define ALONE(overload, expression, torch, numpy, kind)                                             \
  detail::tape_row(overload, #expression, torch, numpy, kind, XTAPE_TEST_CALL(expression)).alone()

std::vector<Row> linear_algebra_rows() {
  if (!has_lapack()) {
    return {};
  }
  const std::vector<Domain> regular{Domain::dominant, Domain::any}, definite{Domain::definite};
  const char* symmetric = "torch.linalg.cholesky reads the lower triangle alone, and has the same gradient";
  return {
      ALONE("solve", solve(x, y), "torch.linalg.solve(x, y)", "np.linalg.solve(x, y)", kind::system()).on(regular),
      ALONE("inverse", inverse(x), "torch.linalg.inv(x)", "np.linalg.inv(x)", kind::square()).on(regular),
      ALONE("slogdet", slogdet(x)[1], "torch.linalg.slogdet(x)[1]", "np.linalg.slogdet(x)[1]", kind::square()).on(regular),
      ALONE("cholesky", cholesky(x), "torch.linalg.cholesky(x)", "np.linalg.cholesky(x)", kind::square())
          .on(definite)
          .instead("torch.linalg.cholesky((x + x.mT) / 2)", symmetric),
      ALONE("triangular_solve", triangular_solve(x, y), "torch.linalg.solve_triangular(torch.tril(x), y, upper=False)", "", kind::triangular_system()).on(regular),
      ALONE("triangular_solve", triangular_solve(x, y, {.upper = true, .transpose = true}),
            "torch.linalg.solve_triangular(torch.triu(x).mT, y, upper=False)", "", kind::triangular_system()).on(regular),
      ALONE("triangular_solve", triangular_solve(x, y, {.upper = true, .unit_diagonal = true}),
            "torch.linalg.solve_triangular(torch.triu(x), y, upper=True, unitriangular=True)", "", kind::triangular_system()).on(regular),
  };
}

// clang-format on

}  // namespace xtape
