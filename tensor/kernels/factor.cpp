#include "tensor/kernels/factor.hpp"

#include <algorithm>
#include <type_traits>

#include "tensor/kernels/blas.hpp"
#include "tensor/kernels/one_thread.hpp"
#include "tensor/kernels/rearrange.hpp"
#include "tensor/scratch.hpp"

#ifdef XTAPE_WITH_LAPACK
// NOLINTBEGIN(readability-identifier-naming): the names are LAPACK's
extern "C" {
void sgetrf_(const int* m, const int* n, float* a, const int* lda, int* pivots, int* info);
void dgetrf_(const int* m, const int* n, double* a, const int* lda, int* pivots, int* info);
void spotrf_(const char* triangle, const int* n, float* a, const int* lda, int* info);
void dpotrf_(const char* triangle, const int* n, double* a, const int* lda, int* info);
}
// NOLINTEND(readability-identifier-naming)
#endif

namespace xtape {
namespace {

template <class T>
void solve(const char* op, bool upper, bool transpose, bool unit, std::size_t n, std::size_t k,
           const T* a, T* b) {
  if (n == 0 || k == 0) {
    return;
  }
  require_blas_buffer();
  const OneThread guard;
  const int size = blas_index(op, n), columns = blas_index(op, k);
  const auto run = [&](auto function) {
    function(CblasRowMajor, CblasLeft, upper ? CblasUpper : CblasLower,
             transpose ? CblasTrans : CblasNoTrans, unit ? CblasUnit : CblasNonUnit, size, columns,
             T(1), a, size, b, columns);
  };
  if constexpr (std::is_same_v<T, float>) {
    run(cblas_strsm);
  } else {
    run(cblas_dtrsm);
  }
}

/// Exchanges rows of B (n x k) as LAPACK noted it, or undoes it.
template <class T>
void exchange_rows(std::size_t n, std::size_t k, const int* exchanges, bool undo, T* b) {
  for (std::size_t step = 0; step < n; ++step) {
    const std::size_t row = undo ? n - 1 - step : step;
    const auto other = static_cast<std::size_t>(exchanges[row] - 1);
    if (other != row) {
      std::swap_ranges(b + row * k, b + (row + 1) * k, b + other * k);
    }
  }
}

}  // namespace

#ifdef XTAPE_WITH_LAPACK

bool has_lapack() { return true; }

template <class T>
bool factor_lu(const char* op, std::size_t n, T* a, int* exchanges) {
  if (n == 0) {
    return true;
  }
  require_blas_buffer();
  const OneThread guard;
  const int size = blas_index(op, n);
  int info = 0;
  // LAPACK reads by columns: it factors A^T = P L U.
  if constexpr (std::is_same_v<T, float>) {
    sgetrf_(&size, &size, a, &size, exchanges, &info);
  } else {
    dgetrf_(&size, &size, a, &size, exchanges, &info);
  }
  return info == 0;
}

template <class T>
bool factor_cholesky(const char* op, std::size_t n, T* a) {
  if (n == 0) {
    return true;
  }
  require_blas_buffer();
  const OneThread guard;
  const int size = blas_index(op, n);
  int info = 0;
  // The lower triangle by rows is the upper one by columns.
  if constexpr (std::is_same_v<T, float>) {
    spotrf_("U", &size, a, &size, &info);
  } else {
    dpotrf_("U", &size, a, &size, &info);
  }
  bool definite = info == 0;
  for (std::size_t row = 0; row < n; ++row) {
    definite = definite && a[row * n + row] > T(0);  // OpenBLAS lets NaN pass
    std::fill(a + row * n + row + 1, a + (row + 1) * n, T(0));
  }
  return definite;
}

#else

bool has_lapack() { return false; }

template <class T>
bool factor_lu(const char* op, std::size_t, T*, int*) {
  fail<ValueError>("{}: this build of xtape has no LAPACK", op);
}

template <class T>
bool factor_cholesky(const char* op, std::size_t, T*) {
  fail<ValueError>("{}: this build of xtape has no LAPACK", op);
}

#endif

template <class T>
void solve_lu(const char* op, std::size_t n, std::size_t k, const T* lu, const int* exchanges,
              Transpose transpose, T* b) {
  // By rows, the factors of A^T = P L U are A = U^T L^T P^T: U^T is the lower triangle.
  if (transpose == Transpose::no) {
    solve(op, false, false, false, n, k, lu, b);
    solve(op, true, false, true, n, k, lu, b);
    exchange_rows(n, k, exchanges, true, b);
  } else {
    exchange_rows(n, k, exchanges, false, b);
    solve(op, true, true, true, n, k, lu, b);
    solve(op, false, true, false, n, k, lu, b);
  }
}

template <class T>
void solve_triangle(const char* op, const Triangle& triangle, std::size_t n, std::size_t k,
                    const T* a, T* b) {
  solve(op, triangle.upper, triangle.transpose == Transpose::yes, triangle.unit_diagonal, n, k, a,
        b);
}

template <class F>
void solve_lu(const char* op, std::size_t n, std::size_t k,
              std::type_identity_t<DualPointer<const F>> lu, const int* exchanges,
              Transpose transpose, DualPointer<F> b) {
  solve_lu(op, n, k, lu.value, exchanges, transpose, b.value);
  if (!lu.constant) {
    gemm(transpose, Transpose::no, n, k, n, F(-1), lu.tangent, n, b.value, k, F(1), b.tangent, k);
  }
  if (!lu.constant || !b.constant) {
    solve_lu(op, n, k, lu.value, exchanges, transpose, b.tangent);
  }
}

namespace {

/// Computes out = Phi(A) for a matrix A (n x n): its lower triangle, with half the diagonal.
template <class T>
void copy_half(std::size_t n, typename Storage<T>::const_pointer a,
               typename Storage<T>::pointer out) {
  copy_triangle(Shape{n, n}, true, 0, a, T(0), out);
  for (std::size_t i = 0; i < n; ++i) {
    out[i * n + i] = T(out[i * n + i]) / Real<T>(2);
  }
}

/// Computes out = op(A)^-1 M^T op(A)^-T for a triangle of A (n x n), and overwrites M.
template <class T>
void solve_both_sides(const char* op, const Triangle& triangle, std::size_t n,
                      typename Storage<T>::const_pointer a, typename Storage<T>::pointer m,
                      typename Storage<T>::pointer out) {
  solve_triangle(op, triangle, n, n, a, m);
  const StridedLoop transposed[] = {{n, 1, static_cast<std::ptrdiff_t>(n)},
                                    {n, static_cast<std::ptrdiff_t>(n), 1}};
  copy_strided(transposed, m, T(0), out);
  solve_triangle(op, triangle, n, n, a, out);
}

}  // namespace

template <class F>
bool factor_cholesky(const char* op, std::size_t n, DualPointer<F> a) {
  if (!factor_cholesky(op, n, a.value)) {
    return false;
  }
  if (!a.constant) {
    F* const moved = scratch_elements<F, struct MovedFactor>(n * n);
    std::copy_n(a.tangent, n * n, moved);
    solve_both_sides<F>(op, {}, n, a.value, moved, a.tangent);
    copy_half<F>(n, a.tangent, moved);
    gemm(Transpose::no, Transpose::no, n, n, n, F(1), a.value, n, moved, n, F(0), a.tangent, n);
  }
  return true;
}

template <class F>
void solve_triangle(const char* op, const Triangle& triangle, std::size_t n, std::size_t k,
                    std::type_identity_t<DualPointer<const F>> a, DualPointer<F> b) {
  solve_triangle(op, triangle, n, k, a.value, b.value);
  if (!a.constant) {
    F* const moved = scratch_elements<F, struct MovedTriangle>(n * n);
    const std::ptrdiff_t inside = triangle.upper ? 1 : -1;
    copy_triangle(Shape{n, n}, !triangle.upper, triangle.unit_diagonal ? inside : 0, a.tangent,
                  F(0), moved);
    gemm(triangle.transpose, Transpose::no, n, k, n, F(-1), moved, n, b.value, k, F(1), b.tangent,
         k);
  }
  if (!a.constant || !b.constant) {
    solve_triangle(op, triangle, n, k, a.value, b.tangent);
  }
}

template <class T>
void cholesky_backward(const char* op, std::size_t n, typename Storage<T>::const_pointer l,
                       typename Storage<T>::pointer dl, typename Storage<T>::pointer memory) {
  copy_triangle(Shape{n, n}, true, 0, dl, T(0), memory);
  gemm(Transpose::yes, Transpose::no, n, n, n, Real<T>(1), l, n, memory, n, T(0), dl, n);
  copy_half<T>(n, dl, memory);
  solve_both_sides<T>(op, {.transpose = Transpose::yes}, n, l, memory, dl);
}

#define XTAPE_INSTANTIATE(T)                                                                      \
  template bool factor_lu(const char*, std::size_t, T*, int*);                                    \
  template void solve_lu(const char*, std::size_t, std::size_t, const T*, const int*, Transpose,  \
                         T*);                                                                     \
  template bool factor_cholesky(const char*, std::size_t, T*);                                    \
  template void solve_triangle(const char*, const Triangle&, std::size_t, std::size_t, const T*,  \
                               T*);                                                               \
  template void solve_lu(const char*, std::size_t, std::size_t, DualPointer<const T>, const int*, \
                         Transpose, DualPointer<T>);                                              \
  template bool factor_cholesky(const char*, std::size_t, DualPointer<T>);                        \
  template void solve_triangle(const char*, const Triangle&, std::size_t, std::size_t,            \
                               DualPointer<const T>, DualPointer<T>);                             \
  template void cholesky_backward<T>(const char*, std::size_t, const T*, T*, T*);                 \
  template void cholesky_backward<Dual<T>>(const char*, std::size_t, DualPointer<const T>,        \
                                           DualPointer<T>, DualPointer<T>)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
