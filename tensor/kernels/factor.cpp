#include "tensor/kernels/factor.hpp"

#include <algorithm>
#include <type_traits>

#include "tensor/kernels/blas.hpp"
#include "tensor/kernels/one_thread.hpp"

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

#define XTAPE_INSTANTIATE(T)                                                                     \
  template bool factor_lu(const char*, std::size_t, T*, int*);                                   \
  template void solve_lu(const char*, std::size_t, std::size_t, const T*, const int*, Transpose, \
                         T*);                                                                    \
  template bool factor_cholesky(const char*, std::size_t, T*);                                   \
  template void solve_triangle(const char*, const Triangle&, std::size_t, std::size_t, const T*, T*)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
