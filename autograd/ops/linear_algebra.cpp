#include "autograd/ops/linear_algebra.hpp"

#include <algorithm>
#include <cmath>

#include "autograd/define.hpp"
#include "autograd/ops/shaping.hpp"
#include "tensor/kernels/factor.hpp"
#include "tensor/kernels/rearrange.hpp"
#include "tensor/scratch.hpp"

namespace xtape {
namespace {

/// A batch of square matrices, and the number of columns of what they multiply.
struct Squares {
  std::size_t count, n, columns;
};

/// Returns the extents of square matrices. Throws ShapeError if they are not square.
Squares squares_of(const char* op, const Shape& shape) {
  require<ShapeError>(shape.size() >= 2 && shape[shape.size() - 2] == shape.back(),
                      "{}: expected square matrices (..., n, n), got {}", op, shape);
  std::size_t count = 1;
  for (std::size_t axis = 0; axis + 2 < shape.size(); ++axis) {
    count *= shape[axis];
  }
  return {shape.back() == 0 ? 0 : count, shape.back(), shape.back()};  // none, if they are empty
}

[[noreturn]] void refuse(const char* op, std::size_t i, const Shape& shape, const char* what) {
  if (shape.size() == 2) {
    fail<ValueError>("{}: the matrix {} is {}", op, shape, what);
  }
  fail<ValueError>("{}: matrix {} of {} is {}", op, i, shape, what);
}

/// The factors of a batch of matrices, which last as long as the recording.
template <class T>
struct Factors {
  const T* lu;
  const int* exchanges;
};

/// Returns the factors of matrices. Throws ValueError if one is singular.
template <class T>
Factors<T> factors_of(const char* op, Variable<T> a, const Squares& squares) {
  require_whole(op, a.value());  // record() checks later
  const std::size_t size = squares.n * squares.n;
  T* const lu = a.tape().template keep<T>(squares.count * size).data();
  int* const exchanges = a.tape().template keep<int>(squares.count * squares.n).data();
  std::copy_n(a.value().data(), squares.count * size, lu);
  for (std::size_t i = 0; i < squares.count; ++i) {
    if (!factor_lu(op, squares.n, lu + i * size, exchanges + i * squares.n)) {
      refuse(op, i, a.shape(), "singular");
    }
  }
  return {lu, exchanges};
}

/// Replaces matrices (count, n, columns) by their products with the inverses.
template <class T>
void solve_each(const char* op, const Squares& s, Factors<T> f, Transpose transpose, T* b) {
  for (std::size_t i = 0; i < s.count; ++i) {
    solve_lu(op, s.n, s.columns, f.lu + i * s.n * s.n, f.exchanges + i * s.n, transpose,
             b + i * s.n * s.columns);
  }
}

/// Writes identities into matrices.
template <class T>
void fill_identities(const Squares& s, T* y) {
  std::fill_n(y, s.count * s.n * s.n, T(0));
  for (std::size_t row = 0; row < s.count * s.n; ++row) {
    y[row * s.n + row % s.n] = T(1);
  }
}

/// Calls op(a, b) with the matrices of b in batches as those of a, and with vectors as matrices of
/// one column.
template <class T, class Op>
Variable<T> with_matrices(const char* name, Variable<T> a, Variable<T> b, Op op) {
  const Squares squares = squares_of(name, a.shape());
  const Shape& right = b.shape();
  require<ShapeError>(
      !right.empty() && right[right.size() - (right.size() > 1 ? 2 : 1)] == squares.n,
      "{}: {} and {} do not fit: expected (..., n, n) and (..., n, k)", name, a.shape(), right);
  return compose(a.tape(), [&] {
    const bool is_vector = right.size() == 1;
    const Variable<T> columns = is_vector ? unsqueeze(b, -1) : b;
    const auto batch_of = [](const Shape& shape) { return Shape(shape.begin(), shape.end() - 2); };
    const Shape batch = broadcast_shapes(name, batch_of(a.shape()), batch_of(columns.shape()));
    const auto spread = [&](Variable<T> x) {
      Shape shape = batch;
      shape.push_back(x.shape()[x.shape().size() - 2]);
      shape.push_back(x.shape().back());
      return same_shape(shape, x.shape()) ? x : broadcast_to(x, shape);
    };
    const Variable<T> y = op(spread(a), spread(columns));
    return is_vector ? squeeze(y, -1) : y;
  });
}

/// Passes the gradients of X = A^-1 B on: G to B, and product(G, X) to A for each matrix of the
/// batch. `solve` replaces dX by G = A^-T dX.
template <class T, class Solve, class Product>
void pass_on_solution(Variable<T> x, const Squares& s, Solve solve, Product product) {
  const std::size_t size = x.value().size();
  T* const g = scratch_elements<T, struct SolutionGradients>(size);
  std::copy_n(x.grad().data(), size, g);
  solve(g);
  accumulate(x.input(0), [&](Array<T>& da, T beta) {
    for (std::size_t i = 0; i < s.count; ++i) {
      product(g + i * s.n * s.columns, x.value().data() + i * s.n * s.columns, beta,
              da.data() + i * s.n * s.n);
    }
  });
  accumulate(x.input(1),
             [&](Array<T>& db, T beta) { copy_rows(1, size, g, 0, beta, db.data(), 0); });
}

}  // namespace

template <class T>
Variable<T> solve(Variable<T> a_any, Variable<T> b_any) {
  return with_matrices("solve", a_any, b_any, [](Variable<T> a, Variable<T> b) {
    Squares squares = squares_of("solve", a.shape());
    squares.columns = b.shape().back();
    const Factors<T> factors = factors_of("solve", a, squares);
    const auto forward = [&](Array<T>& x) {
      resize(x, b.shape(), "solve");
      std::copy_n(b.value().data(), x.size(), x.data());
      solve_each("solve", squares, factors, Transpose::no, x.data());
    };
    return record<T>("solve", {a, b}, forward, [=](Variable<T> x) {
      const auto product = [&](const T* g, const T* columns, T beta, T* da) {
        gemm(Transpose::no, Transpose::yes, squares.n, squares.n, squares.columns, T(-1), g,
             squares.columns, columns, squares.columns, beta, da, squares.n);
      };
      pass_on_solution(
          x, squares, [&](T* g) { solve_each("solve", squares, factors, Transpose::yes, g); },
          product);
    });
  });
}

template <class T>
Variable<T> inverse(Variable<T> a) {
  const Squares squares = squares_of("inverse", a.shape());
  const Factors<T> factors = factors_of("inverse", a, squares);
  return define(
      "inverse", {a},
      [&](Array<T>& y) {
        resize(y, a.shape(), "inverse");
        fill_identities(squares, y.data());
        solve_each("inverse", squares, factors, Transpose::no, y.data());
      },
      [=](auto y, Array<T>& da, T beta) {
        const std::size_t n = squares.n;
        T* const product = scratch_elements<T, struct InverseProduct>(n * n);
        for (std::size_t i = 0; i < squares.count; ++i) {
          const T *value = y.value().data() + i * n * n, *dy = y.grad().data() + i * n * n;
          gemm(Transpose::yes, Transpose::no, n, n, n, T(1), value, n, dy, n, T(0), product, n);
          gemm(Transpose::no, Transpose::yes, n, n, n, T(-1), product, n, value, n, beta,
               da.data() + i * n * n, n);
        }
      });
}

template <class T>
std::array<Variable<T>, 2> slogdet(Variable<T> a) {
  const Squares squares = squares_of("slogdet", a.shape());
  const Factors<T> factors = factors_of("slogdet", a, squares);
  const Shape shape(a.shape().begin(), a.shape().end() - 2);
  const std::size_t n = squares.n;
  // Combines the pivots of each matrix, and the exchanges.
  const auto sign = [&](Array<T>& y) {
    resize(y, shape, "slogdet");
    for (std::size_t i = 0; i < y.size(); ++i) {
      bool negative = false;
      for (std::size_t row = 0; row < n; ++row) {
        const bool exchanged = factors.exchanges[i * n + row] != static_cast<int>(row) + 1;
        negative ^= exchanged != (factors.lu[(i * n + row) * n + row] < T(0));
      }
      y.data()[i] = negative ? T(-1) : T(1);
    }
  };
  const auto logarithm = [&](Array<T>& y) {
    resize(y, shape, "slogdet");
    for (std::size_t i = 0; i < y.size(); ++i) {
      y.data()[i] = T(0);
      for (std::size_t row = 0; row < n; ++row) {
        y.data()[i] += std::log(std::abs(factors.lu[(i * n + row) * n + row]));
      }
    }
  };
  return compose(a.tape(), [&] {
    const Variable<T> signs = a.tape().constant(sign);
    const Variable<T> y = define("slogdet", {a}, logarithm, [=](auto result, Array<T>& da, T beta) {
      T* const inverses = scratch_elements<T, struct TransposedInverses>(da.size());
      fill_identities(squares, inverses);
      solve_each("slogdet", squares, factors, Transpose::yes, inverses);
      for (std::size_t j = 0; j < da.size(); ++j) {
        const T before = beta == T(0) ? T(0) : da.data()[j];
        da.data()[j] = before + result.grad().data()[j / (n * n)] * inverses[j];
      }
    });
    return std::array{signs, y};
  });
}

namespace {

/// Computes out = (in + in^T) / 2 + beta out for an n x n matrix.
template <class T>
void symmetrize(std::size_t n, const T* in, T beta, T* out) {
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      const T before = beta == T(0) ? T(0) : out[i * n + j];
      out[i * n + j] = before + (in[i * n + j] + in[j * n + i]) / T(2);
    }
  }
}

/// Replaces the gradient of L by S = L^-T Phi(L^T dL) L^-1, for the lower triangle of dL.
template <class T>
void cholesky_gradient(std::size_t n, const T* l, T* dl, T* product) {
  copy_triangle(Shape{n, n}, true, 0, dl, T(0), product);
  gemm(Transpose::yes, Transpose::no, n, n, n, T(1), l, n, product, n, T(0), dl, n);
  copy_triangle(Shape{n, n}, true, 0, dl, T(0), product);
  for (std::size_t i = 0; i < n; ++i) {
    product[i * n + i] /= T(2);
  }
  // S^T = L^-T (L^-T Phi)^T
  const Triangle transposed{.upper = false, .unit_diagonal = false, .transpose = Transpose::yes};
  solve_triangle("cholesky", transposed, n, n, l, product);
  const StridedLoop loops[] = {{n, 1, static_cast<std::ptrdiff_t>(n)},
                               {n, static_cast<std::ptrdiff_t>(n), 1}};
  copy_strided<T>(loops, product, T(0), dl);
  solve_triangle("cholesky", transposed, n, n, l, dl);
}

}  // namespace

template <class T>
Variable<T> cholesky(Variable<T> a) {
  const Squares squares = squares_of("cholesky", a.shape());
  return define(
      "cholesky", {a},
      [&](Array<T>& y) {
        resize(y, a.shape(), "cholesky");
        for (std::size_t i = 0; i < squares.count; ++i) {
          T* const l = y.data() + i * squares.n * squares.n;
          symmetrize(squares.n, a.value().data() + i * squares.n * squares.n, T(0), l);
          if (!factor_cholesky("cholesky", squares.n, l)) {
            refuse("cholesky", i, a.shape(), "not positive definite");
          }
        }
      },
      [=](auto y, Array<T>& da, T beta) {
        const std::size_t n = squares.n, size = n * n;
        T* const s = scratch_elements<T, struct CholeskyGradient>(2 * size);
        for (std::size_t i = 0; i < squares.count; ++i) {
          std::copy_n(y.grad().data() + i * size, size, s);
          cholesky_gradient(n, y.value().data() + i * size, s, s + size);
          symmetrize(n, s, beta, da.data() + i * size);
        }
      });
}

namespace {

/// Throws ValueError if a triangle has a 0 on its diagonal.
template <class T>
void require_regular(const char* op, Variable<T> a, const Squares& s) {
  require_whole(op, a.value());  // record() checks later
  for (std::size_t row = 0; row < s.count * s.n; ++row) {
    if (a.value().data()[row * s.n + row % s.n] == T(0)) {
      refuse(op, row / s.n, a.shape(), "singular");
    }
  }
}

/// Computes da = beta da - (the triangle of left right^T) for n x columns matrices.
template <class T>
void subtract_triangle(const Triangle& triangle, const Squares& s, const T* left, const T* right,
                       T beta, T* da) {
  T* const product = scratch_elements<T, struct TriangleProduct>(s.n * s.n);
  gemm(Transpose::no, Transpose::yes, s.n, s.n, s.columns, T(-1), left, s.columns, right, s.columns,
       T(0), product, s.n);
  const std::ptrdiff_t inside = triangle.upper ? 1 : -1;
  copy_triangle(Shape{s.n, s.n}, !triangle.upper, triangle.unit_diagonal ? inside : 0, product,
                beta, da);
}

}  // namespace

template <class T>
Variable<T> triangular_solve(Variable<T> a_any, Variable<T> b_any,
                             const TriangularOptions& options) {
  constexpr const char* op = "triangular_solve";
  const Triangle triangle{options.upper, options.unit_diagonal,
                          options.transpose ? Transpose::yes : Transpose::no};
  return with_matrices(op, a_any, b_any, [=](Variable<T> a, Variable<T> b) {
    Squares squares = squares_of(op, a.shape());
    squares.columns = b.shape().back();
    if (!triangle.unit_diagonal) {
      require_regular(op, a, squares);
    }
    const auto solve_all = [=](const Triangle& how, const T* matrices, T* x) {
      for (std::size_t i = 0; i < squares.count; ++i) {
        solve_triangle(op, how, squares.n, squares.columns, matrices + i * squares.n * squares.n,
                       x + i * squares.n * squares.columns);
      }
    };
    const auto forward = [&](Array<T>& x) {
      resize(x, b.shape(), op);
      std::copy_n(b.value().data(), x.size(), x.data());
      solve_all(triangle, a.value().data(), x.data());
    };
    const bool upper = triangle.upper, unit = triangle.unit_diagonal;
    const bool transposed = triangle.transpose == Transpose::yes;
    const auto backward = [=](Variable<T> x) {
      Triangle back = triangle;
      back.transpose = transposed ? Transpose::no : Transpose::yes;
      const auto product = [&](const T* g, const T* columns, T beta, T* da) {
        const T *left = transposed ? columns : g, *right = transposed ? g : columns;
        subtract_triangle(triangle, squares, left, right, beta, da);
      };
      pass_on_solution(
          x, squares, [&](T* g) { solve_all(back, x.input(0).value().data(), g); }, product);
    };
    return record<T>({op, {{"upper", upper}, {"transpose", transposed}, {"unit_diagonal", unit}}},
                     {a, b}, forward, backward);
  });
}

#define XTAPE_INSTANTIATE(T)                                \
  template Variable<T> solve(Variable<T>, Variable<T>);     \
  template Variable<T> inverse(Variable<T>);                \
  template std::array<Variable<T>, 2> slogdet(Variable<T>); \
  template Variable<T> cholesky(Variable<T>);               \
  template Variable<T> triangular_solve(Variable<T>, Variable<T>, const TriangularOptions&)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
