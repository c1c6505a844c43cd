#include "tensor/gemm.hpp"

#include <cblas.h>

#include <limits>
#include <type_traits>

#include "tensor/address_space.hpp"
#ifdef XTAPE_WITH_ONEDNN
#include "tensor/onednn.hpp"
#endif

namespace xtape {
namespace {

#ifdef XTAPE_WITH_ONEDNN
/// Products with at most this many multiplications are faster in CBLAS than in oneDNN.
constexpr std::size_t tiny_product = 32 * 32 * 32;
#endif

int blas_index(std::size_t extent) {
  require<ShapeError>(extent <= static_cast<std::size_t>(std::numeric_limits<int>::max()),
                      "gemm: an extent of {} is more than BLAS can index", extent);
  return static_cast<int>(extent);
}

/// OpenBLAS, which takes a buffer of 128 MiB for each thread that calls it, tries for ever to get
/// it where there is none. Throws std::bad_alloc instead, at the first call of a thread.
void require_blas_buffer() {
#ifdef OPENBLAS_VERSION
  thread_local bool possible = false;
  if (!possible) {
    require_address_space(std::size_t{129} << 20);
    possible = true;
  }
#endif
}

template <class T>
void blas_gemm(Transpose transpose_a, Transpose transpose_b, std::size_t m, std::size_t n,
               std::size_t k, T alpha, const T* a, std::size_t lda, const T* b, std::size_t ldb,
               T beta, T* c, std::size_t ldc) {
  require_blas_buffer();
  const auto flag = [](Transpose t) { return t == Transpose::yes ? CblasTrans : CblasNoTrans; };
  const auto run = [&](auto function) {
    function(CblasRowMajor, flag(transpose_a), flag(transpose_b), blas_index(m), blas_index(n),
             blas_index(k), alpha, a, blas_index(lda), b, blas_index(ldb), beta, c,
             blas_index(ldc));
  };
  if constexpr (std::is_same_v<T, float>) {
    run(cblas_sgemm);
  } else {
    run(cblas_dgemm);
  }
}

template <class T>
void scale(std::size_t m, std::size_t n, T beta, T* c, std::size_t ldc) {
  if (n == 0) {
    return;  // however many rows of nothing there are
  }
  for (std::size_t row = 0; row < m; ++row) {
    for (std::size_t column = 0; column < n; ++column) {
      T& element = c[row * ldc + column];
      element = beta == T(0) ? T(0) : beta * element;
    }
  }
}

}  // namespace

template <class T>
void gemm(Transpose transpose_a, Transpose transpose_b, std::size_t m, std::size_t n, std::size_t k,
          T alpha, const T* a, std::size_t lda, const T* b, std::size_t ldb, T beta, T* c,
          std::size_t ldc) {
  if (m == 0 || n == 0 || k == 0) {
    scale(m, n, beta, c, ldc);
    return;
  }
#ifdef XTAPE_WITH_ONEDNN
  if constexpr (std::is_same_v<T, float>) {
    if (m * n * k > tiny_product) {
      onednn::sgemm(transpose_a == Transpose::yes, transpose_b == Transpose::yes, m, n, k, alpha, a,
                    lda, b, ldb, beta, c, ldc);
      return;
    }
  }
#endif
  blas_gemm(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

template <class T>
void gemm(Transpose transpose_a, Transpose transpose_b, const Array<T>& a, const Array<T>& b,
          T beta, Array<T>& c) {
  require_whole("gemm", a);
  require_whole("gemm", b);
  require_whole("gemm", c);
  const bool ta = transpose_a == Transpose::yes;
  const bool tb = transpose_b == Transpose::yes;
  require<ShapeError>(a.dimension() == 2 && b.dimension() == 2 && c.dimension() == 2 &&
                          a.shape()[ta] == c.shape()[0] && b.shape()[!tb] == c.shape()[1] &&
                          a.shape()[!ta] == b.shape()[tb],
                      "gemm: {}{} x {}{} does not give {}", a.shape(), ta ? "^T" : "", b.shape(),
                      tb ? "^T" : "", c.shape());
  gemm(transpose_a, transpose_b, c.shape()[0], c.shape()[1], a.shape()[!ta], T(1), a.data(),
       a.shape()[1], b.data(), b.shape()[1], beta, c.data(), c.shape()[1]);
}

std::string gemm_backend() {
#ifdef XTAPE_WITH_ONEDNN
  return "oneDNN " + onednn::version() + " + CBLAS";
#else
  return "CBLAS";
#endif
}

#define XTAPE_INSTANTIATE(T)                                                                   \
  template void gemm(Transpose, Transpose, std::size_t, std::size_t, std::size_t, T, const T*, \
                     std::size_t, const T*, std::size_t, T, T*, std::size_t);                  \
  template void gemm(Transpose, Transpose, const Array<T>&, const Array<T>&, T, Array<T>&)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
