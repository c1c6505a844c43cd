// The determinant by expansion along the first row, then along the first row of each minor, and so
// on. All minors of one size are computed at once. Equal minors are computed again, as the
// recursion does it.
#include <numeric>

#include "benchmarks/gradbench/eval.hpp"

namespace gradbench {

namespace {

// The columns that the minors of one size have: element (j, k) is column j of minor k. Along its
// first row, minor k of K has the minors k, k + K, k + 2 K, ... of the next smaller size.
using Columns = xt::xarray<int>;

// Returns the columns of the minors of sizes n, n - 1, ..., 1.
std::vector<Columns> expansion(std::size_t n) {
  std::vector<Columns> levels{Columns::from_shape({n, 1})};
  std::iota(levels[0].begin(), levels[0].end(), 0);
  for (std::size_t size = n; size > 1; --size) {
    const Columns& larger = levels.back();
    const std::size_t count = larger.shape(1);
    auto smaller = Columns::from_shape({size - 1, size * count});
    for (std::size_t j = 0; j < size; ++j) {
      for (std::size_t i = 0; i < size - 1; ++i) {
        for (std::size_t k = 0; k < count; ++k) {
          smaller(i, j * count + k) = larger(i < j ? i : i + 1, k);
        }
      }
    }
    levels.push_back(std::move(smaller));
  }
  return levels;
}

// Every second element of a row counts negatively. It comes from a copy behind the row, with the
// other sign.
void move_negative_elements(std::vector<Columns>& levels) {
  for (Columns& columns : levels) {
    for (std::size_t j = 1; j < columns.shape(0); j += 2) {
      for (std::size_t k = 0; k < columns.shape(1); ++k) {
        columns(j, k) += static_cast<int>(levels.size());
      }
    }
  }
}

Variable determinant(Variable a, const std::vector<Columns>& levels) {
  const auto n = static_cast<std::ptrdiff_t>(levels.size());
  const auto matrix = reshape(a, {n, n});
  Variable minors;
  for (std::ptrdiff_t row = n - 1, size = 1; row >= 0; --row, ++size) {
    const auto entries = select(matrix, row);
    const auto factors =
        gather(concatenate(entries, -entries), levels[static_cast<std::size_t>(row)]);
    minors = size == 1 ? select(factors, 0) : sum(factors * reshape(minors, {size, -1}), 0);
  }
  return minors;
}

// The matrix of an input, and its minors.
struct Matrix {
  std::size_t n;
  Array<double> a;
  std::vector<Columns> levels;

  explicit Matrix(const json& in) : n(in.at("ell")), a(numbers(in.at("A"))), levels(expansion(n)) {
    move_negative_elements(levels);
  }
};

Answer primal(const json& in) {
  const Matrix matrix(in);
  return value(in, matrix.a,
               [&](Variable a) { return reshape(determinant(a, matrix.levels), Shape{}); });
}

Answer slope(const json& in) {
  const Matrix matrix(in);
  return gradient(in, matrix.a, [&](Variable a) { return determinant(a, matrix.levels); });
}

}  // namespace

Functions det() { return {{"primal", primal}, {"gradient", slope}}; }

}  // namespace gradbench
