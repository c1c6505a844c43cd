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

template <class T>
using Pointer = typename Storage<T>::pointer;
template <class T>
using ConstPointer = typename Storage<T>::const_pointer;

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

/// Returns memory that this thread reuses; see scratch_elements().
template <class T, class Tag>
Pointer<T> scratch_numbers(std::size_t count) {
  if constexpr (is_dual<T>) {
    Real<T>* const memory = scratch_elements<Real<T>, Tag>(2 * count);
    return {memory, memory + count};
  } else {
    return scratch_elements<T, Tag>(count);
  }
}

/// True if it is known that all tangents of an array are 0.
template <class T>
bool rests(const Array<T>& x) {
  if constexpr (is_dual<T>) {
    return x.storage().is_constant();
  } else {
    return true;
  }
}

/// Returns the numbers of an array, and notes if all tangents written to it so far are 0.
template <class T>
Pointer<T> numbers_of(Array<T>& y, [[maybe_unused]] bool constant) {
  Pointer<T> numbers = y.data();
  if constexpr (is_dual<T>) {
    numbers.constant = constant;
  }
  return numbers;
}

/// The factors of a batch of matrices, which last as long as the recording. Their tangents are
/// those of the matrices.
template <class T>
struct Factors {
  ConstPointer<T> lu;
  const int* exchanges;
};

/// Returns the factors of matrices. Throws ValueError if one is singular.
template <class T>
Factors<T> factors_of(const char* op, Variable<T> a, const Squares& squares) {
  require_whole(op, a.value());  // record() checks later
  const std::size_t size = squares.n * squares.n;
  const ConstPointer<T> matrices = a.value().data();
  Real<T>* const lu = a.tape().template keep<Real<T>>(squares.count * size).data();
  int* const exchanges = a.tape().template keep<int>(squares.count * squares.n).data();
  std::transform(matrices, matrices + squares.count * size, lu,
                 [](const T& x) { return value_of(x); });
  for (std::size_t i = 0; i < squares.count; ++i) {
    if (!factor_lu(op, squares.n, lu + i * size, exchanges + i * squares.n)) {
      refuse(op, i, a.shape(), "singular");
    }
  }
  if constexpr (is_dual<T>) {
    return {{lu, matrices.tangent, matrices.constant}, exchanges};
  } else {
    return {lu, exchanges};
  }
}

/// Replaces matrices (count, n, columns) by their products with the inverses.
template <class T>
void solve_each(const char* op, const Squares& s, const Factors<T>& f, Transpose transpose,
                Pointer<T> b) {
  for (std::size_t i = 0; i < s.count; ++i) {
    solve_lu(op, s.n, s.columns, f.lu + i * s.n * s.n, f.exchanges + i * s.n, transpose,
             b + i * s.n * s.columns);
  }
}

/// Writes diagonal matrices. The diagonal of matrix i is scale(i).
template <class T, class Scale>
void fill_diagonals(const Squares& s, Pointer<T> y, Scale scale) {
  std::fill_n(y, s.count * s.n * s.n, T(0));
  for (std::size_t row = 0; row < s.count * s.n; ++row) {
    y[row * s.n + row % s.n] = scale(row / s.n);
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
  const Pointer<T> g = scratch_numbers<T, struct SolutionGradients>(size);
  copy_rows(1, size, x.grad().data(), 0, T(0), g, 0);
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
      copy_rows(1, x.size(), b.value().data(), 0, T(0), x.data(), 0);
      solve_each("solve", squares, factors, Transpose::no, numbers_of(x, rests(b.value())));
    };
    return record<T>("solve", {a, b}, forward, [=](Variable<T> x) {
      const auto product = [&](ConstPointer<T> g, ConstPointer<T> columns, T beta, Pointer<T> da) {
        gemm(Transpose::no, Transpose::yes, squares.n, squares.n, squares.columns, Real<T>(-1), g,
             squares.columns, columns, squares.columns, beta, da, squares.n);
      };
      pass_on_solution(
          x, squares,
          [&](Pointer<T> g) { solve_each("solve", squares, factors, Transpose::yes, g); }, product);
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
        fill_diagonals<T>(squares, y.data(), [](std::size_t) { return T(1); });
        solve_each("inverse", squares, factors, Transpose::no, numbers_of(y, true));
      },
      [=](auto y, Array<T>& da, T beta) {
        const std::size_t n = squares.n;
        const Pointer<T> product = scratch_numbers<T, struct InverseProduct>(n * n);
        for (std::size_t i = 0; i < squares.count; ++i) {
          const ConstPointer<T> value = y.value().data() + i * n * n;
          const ConstPointer<T> dy = y.grad().data() + i * n * n;
          gemm(Transpose::yes, Transpose::no, n, n, n, Real<T>(1), value, n, dy, n, T(0), product,
               n);
          gemm(Transpose::no, Transpose::yes, n, n, n, Real<T>(-1), product, n, value, n, beta,
               da.data() + i * n * n, n);
        }
      });
}

namespace {

/// Returns ln |det A| of matrix i. Its tangent is tr(A^-1 A') (Giles 2008, 2.2.4).
template <class T>
T log_determinant(const Squares& s, const Factors<T>& f, std::size_t i) {
  const std::size_t n = s.n, first = i * n * n;
  Real<T> sum(0);
  for (std::size_t row = 0; row < n; ++row) {
    sum += std::log(std::abs(value_of(T(f.lu[first + row * n + row]))));
  }
  if constexpr (is_dual<T>) {
    if (!f.lu.constant) {
      Real<T>* const moved = scratch_elements<Real<T>, struct MovedDeterminant>(n * n);
      std::copy_n(f.lu.tangent + first, n * n, moved);
      solve_lu("slogdet", n, n, f.lu.value + first, f.exchanges + i * n, Transpose::no, moved);
      Real<T> trace(0);
      for (std::size_t row = 0; row < n; ++row) {
        trace += moved[row * n + row];
      }
      return {sum, trace};
    }
  }
  return sum;
}

}  // namespace

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
      y.data()[i] = log_determinant(squares, factors, i);
    }
  };
  return compose(a.tape(), [&] {
    const Variable<T> signs = a.tape().constant(sign);
    const Variable<T> y = define("slogdet", {a}, logarithm, [=](auto result, Array<T>& da, T beta) {
      const Pointer<T> inverses = scratch_numbers<T, struct TransposedInverses>(da.size());
      fill_diagonals<T>(squares, inverses, [&](std::size_t i) { return result.grad().data()[i]; });
      solve_each("slogdet", squares, factors, Transpose::yes, inverses);
      copy_rows(1, da.size(), inverses, 0, beta, da.data(), 0);
    });
    return std::array{signs, y};
  });
}

namespace {

/// Computes out = (in + in^T) / 2 + beta out for an n x n matrix.
template <class T>
void symmetrize(std::size_t n, ConstPointer<T> in, T beta, Pointer<T> out) {
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      const T before = beta == T(0) ? T(0) : T(out[i * n + j]);
      out[i * n + j] = before + (in[i * n + j] + in[j * n + i]) / Real<T>(2);
    }
  }
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
          const Pointer<T> l = numbers_of(y, rests(a.value())) + i * squares.n * squares.n;
          symmetrize(squares.n, a.value().data() + i * squares.n * squares.n, T(0), l);
          if (!factor_cholesky("cholesky", squares.n, l)) {
            refuse("cholesky", i, a.shape(), "not positive definite");
          }
        }
      },
      [=](auto y, Array<T>& da, T beta) {
        const std::size_t n = squares.n, size = n * n;
        const Pointer<T> s = scratch_numbers<T, struct CholeskyGradient>(2 * size);
        for (std::size_t i = 0; i < squares.count; ++i) {
          copy_rows(1, size, y.grad().data() + i * size, 0, T(0), s, 0);
          cholesky_backward<T>("cholesky", n, y.value().data() + i * size, s, s + size);
          symmetrize<T>(n, s, beta, da.data() + i * size);
        }
      });
}

namespace {

/// Throws ValueError if a triangle has a 0 on its diagonal.
template <class T>
void require_regular(const char* op, Variable<T> a, const Squares& s) {
  require_whole(op, a.value());  // record() checks later
  for (std::size_t row = 0; row < s.count * s.n; ++row) {
    if (value_of(T(a.value().data()[row * s.n + row % s.n])) == Real<T>(0)) {
      refuse(op, row / s.n, a.shape(), "singular");
    }
  }
}

/// Computes da = beta da - (the triangle of left right^T) for n x columns matrices.
template <class T>
void subtract_triangle(const Triangle& triangle, const Squares& s, ConstPointer<T> left,
                       ConstPointer<T> right, T beta, Pointer<T> da) {
  const Pointer<T> product = scratch_numbers<T, struct TriangleProduct>(s.n * s.n);
  gemm(Transpose::no, Transpose::yes, s.n, s.n, s.columns, Real<T>(-1), left, s.columns, right,
       s.columns, T(0), product, s.n);
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
    const auto solve_all = [=](const Triangle& how, ConstPointer<T> matrices, Pointer<T> x) {
      for (std::size_t i = 0; i < squares.count; ++i) {
        solve_triangle(op, how, squares.n, squares.columns, matrices + i * squares.n * squares.n,
                       x + i * squares.n * squares.columns);
      }
    };
    const auto forward = [&](Array<T>& x) {
      resize(x, b.shape(), op);
      copy_rows(1, x.size(), b.value().data(), 0, T(0), x.data(), 0);
      solve_all(triangle, a.value().data(), numbers_of(x, rests(b.value())));
    };
    const bool upper = triangle.upper, unit = triangle.unit_diagonal;
    const bool transposed = triangle.transpose == Transpose::yes;
    const auto backward = [=](Variable<T> x) {
      Triangle back = triangle;
      back.transpose = transposed ? Transpose::no : Transpose::yes;
      const auto product = [&](ConstPointer<T> g, ConstPointer<T> columns, T beta, Pointer<T> da) {
        const ConstPointer<T> left = transposed ? columns : g, right = transposed ? g : columns;
        subtract_triangle(triangle, squares, left, right, beta, da);
      };
      pass_on_solution(
          x, squares, [&](Pointer<T> g) { solve_all(back, x.input(0).value().data(), g); },
          product);
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
