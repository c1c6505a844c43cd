#include "tensor/gemm.hpp"

#include <algorithm>
#include <atomic>
#include <type_traits>

#include "tensor/buffer.hpp"
#include "tensor/kernels/blas.hpp"
#include "tensor/kernels/double_sums.hpp"
#include "tensor/kernels/one_thread.hpp"
#include "tensor/matmul_precision.hpp"
#include "tensor/parallel.hpp"
#include "tensor/scratch.hpp"
#ifdef XTAPE_WITH_ONEDNN
#include "tensor/kernels/onednn.hpp"
#include "tensor/kernels/onednn_bfloat16.hpp"
#endif

namespace xtape {
namespace {

/// The arguments of a product. The functions below compute parts of it.
template <class T>
struct Product {
  Transpose transpose_a, transpose_b;
  std::size_t m, n, k;
  T alpha;
  const T* a;
  std::size_t lda;
  const T* b;
  std::size_t ldb;
  T beta;
  T* c;
  std::size_t ldc;
  bool by_bfloat16 = false;

  /// The product for some rows of C.
  Product rows(std::size_t begin, std::size_t end) const {
    Product part = *this;
    part.m = end - begin;
    part.a += transpose_a == Transpose::yes ? begin : begin * lda;
    part.c += begin * ldc;
    return part;
  }
  /// The product for some columns of C.
  Product columns(std::size_t begin, std::size_t end) const {
    Product part = *this;
    part.n = end - begin;
    part.b += transpose_b == Transpose::yes ? begin * ldb : begin;
    part.c += begin;
    return part;
  }
  /// The product for some terms of the sums along k.
  Product terms(std::size_t begin, std::size_t end) const {
    Product part = *this;
    part.k = end - begin;
    part.a += transpose_a == Transpose::yes ? begin * lda : begin;
    part.b += transpose_b == Transpose::yes ? begin : begin * ldb;
    return part;
  }
};

template <class T>
void blas_gemm(const Product<T>& p) {
  require_blas_buffer();
  const auto flag = [](Transpose t) { return t == Transpose::yes ? CblasTrans : CblasNoTrans; };
  const auto run = [&](auto function) {
    function(CblasRowMajor, flag(p.transpose_a), flag(p.transpose_b), blas_index("gemm", p.m),
             blas_index("gemm", p.n), blas_index("gemm", p.k), p.alpha, p.a,
             blas_index("gemm", p.lda), p.b, blas_index("gemm", p.ldb), p.beta, p.c,
             blas_index("gemm", p.ldc));
  };
  if constexpr (std::is_same_v<T, float>) {
    run(cblas_sgemm);
  } else {
    run(cblas_dgemm);
  }
}

#ifdef XTAPE_WITH_ONEDNN
/// CBLAS is faster than oneDNN for products with at most this many multiplications.
constexpr std::size_t tiny_product = 32 * 32 * 32;
#endif

/// Computes a product on the calling thread, in one call of a library.
template <class T>
void call_library(const Product<T>& p) {
  const OneThread guard;
#ifdef XTAPE_WITH_ONEDNN
  if constexpr (std::is_same_v<T, float>) {
    const bool ta = p.transpose_a == Transpose::yes, tb = p.transpose_b == Transpose::yes;
    if (p.by_bfloat16 && onednn::usable() &&
        onednn::bfloat16_gemm(ta, tb, p.m, p.n, p.k, p.a, p.lda, p.b, p.ldb, p.beta, p.c, p.ldc)) {
      return;
    }
    if (p.m * p.n * p.k > tiny_product && onednn::usable()) {
      onednn::sgemm(ta, tb, p.m, p.n, p.k, p.alpha, p.a, p.lda, p.b, p.ldb, p.beta, p.c, p.ldc);
      return;
    }
  }
#endif
  blas_gemm(p);
}

/// The libraries add all terms of a float product with one row or column in a few sums. With this
/// many terms, the rounding of a sum of equal numbers is still below 5e-5.
constexpr std::size_t most_terms = std::size_t{1} << 12;

/// Computes a product with many terms in parts, and adds the parts in double precision.
void add_parts(const Product<float>& p) {
  const std::size_t size = p.m * p.n;
  float* const part = scratch_elements<float, struct PartOfTerms>(size);
  double* const sums = scratch_elements<double, struct SumOfParts>(size);
  std::fill_n(sums, size, 0.0);
  for (std::size_t begin = 0; begin < p.k; begin += most_terms) {
    Product<float> terms = p.terms(begin, std::min(p.k, begin + most_terms));
    terms.beta = 0;
    terms.c = part;
    terms.ldc = p.n;
    call_library(terms);
    add_block(part, size, sums);
  }
  for (std::size_t i = 0; i < size; ++i) {
    float& element = p.c[i / p.n * p.ldc + i % p.n];
    element = (p.beta == 0 ? 0 : p.beta * element) + static_cast<float>(sums[i]);
  }
}

/// Computes a product on the calling thread.
template <class T>
void compute(const Product<T>& p) {
  if constexpr (std::is_same_v<T, float>) {
    if (std::min(p.m, p.n) == 1 && p.k > most_terms) {
      add_parts(p);
      return;
    }
  }
  call_library(p);
}

/// A second thread does not speed up products of at most this many multiplications.
constexpr std::size_t small_product = 64 * 64 * 64;

/// True for a layer's output X W with few rows in X and many in W. Each thread then multiplies the
/// rows of W that it updates, which are in its cache.
template <class T>
bool is_tall_layer(const Product<T>& p) {
  return p.transpose_a == Transpose::no && p.transpose_b == Transpose::no && p.k >= 256 &&
         8 * p.m <= p.k && p.ldc == p.n;
}

/// True for a weight's gradient X^T dY with few rows in X and many in the result.
template <class T>
bool is_weight_gradient(const Product<T>& p) {
  return p.transpose_a == Transpose::yes && p.transpose_b == Transpose::no && p.m >= 256 &&
         2 * p.k <= p.m;
}

/// Each thread multiplies some columns of A by the same rows of B. Then the products are added.
template <class T>
void split_terms(const Product<T>& p) {
  const std::size_t size = p.m * p.n, parts = thread_count();
  T* const others = scratch_elements<T, struct PartialProducts>(size * (parts - 1));
  constexpr std::size_t grain = 8;
  const std::size_t share = (p.k + grain * parts - 1) / (grain * parts) * grain;
  parallel(parts, 1, parallel_threshold, [&](std::size_t part, std::size_t end) {
    for (; part < end; ++part) {
      Product<T> terms = p.terms(std::min(p.k, part * share), std::min(p.k, (part + 1) * share));
      if (part > 0) {
        terms.beta = 0;
        terms.c = others + (part - 1) * size;
      }
      if (terms.k > 0) {
        compute(terms);
      } else if (part > 0) {
        std::fill_n(terms.c, size, T(0));
      }
    }
  });
  parallel(size, 16, size, [=](std::size_t begin, std::size_t end) {
    for (std::size_t other = 0; other + 1 < parts; ++other) {
      const T* addend = others + other * size;
#pragma omp simd
      for (std::size_t i = begin; i < end; ++i) {
        p.c[i] += addend[i];
      }
    }
  });
}

/// Each thread computes some rows of C.
template <class T>
void split_rows(const Product<T>& p) {
  parallel(p.m, 8, parallel_threshold,
           [&](std::size_t begin, std::size_t end) { compute(p.rows(begin, end)); });
}

/// Each thread computes some columns of C.
template <class T>
void split_columns(const Product<T>& p) {
  parallel(p.n, 16, parallel_threshold,
           [&](std::size_t begin, std::size_t end) { compute(p.columns(begin, end)); });
}

template <class T>
void scale(std::size_t m, std::size_t n, T beta, T* c, std::size_t ldc) {
  if (n == 0) {
    return;  // returns at once, however many empty rows there are
  }
  for (std::size_t row = 0; row < m; ++row) {
    for (std::size_t column = 0; column < n; ++column) {
      T& element = c[row * ldc + column];
      element = beta == T(0) ? T(0) : beta * element;
    }
  }
}

/// Computes a product on the calling thread.
template <class T>
void multiply_here(const Product<T>& p) {
  if (p.m == 0 || p.n == 0 || p.k == 0) {
    scale(p.m, p.n, p.beta, p.c, p.ldc);
  } else {
    compute(p);
  }
}

/// Computes a product with all threads.
template <class T>
void multiply(const Product<T>& p) {
  if (thread_count() == 1 || p.m * p.n * p.k <= small_product) {
    multiply_here(p);
  } else if (is_tall_layer(p)) {
    split_terms(p);
  } else if (is_weight_gradient(p) || p.m > p.n) {
    split_rows(p);
  } else {
    split_columns(p);
  }
}

std::atomic<Precision> chosen_precision = Precision::float32;

/// True if the product is to be computed by bfloat16, and is faster so.
template <class T>
bool takes_bfloat16(std::size_t m, std::size_t n, std::size_t k) {
  constexpr std::size_t least_extent = 32, least_product = std::size_t{1} << 19;
  return std::is_same_v<T, float> && std::min({m, n, k}) >= least_extent &&
         m * n * k >= least_product && matmul_precision() == Precision::bfloat16;
}

}  // namespace

void set_matmul_precision(Precision precision) noexcept { chosen_precision = precision; }

Precision matmul_precision() noexcept {
  return chosen_precision == Precision::bfloat16 && has_bfloat16_products() ? Precision::bfloat16
                                                                            : Precision::float32;
}

bool has_bfloat16_products() noexcept {
#ifdef XTAPE_WITH_ONEDNN
  return onednn::has_bfloat16();
#else
  return false;
#endif
}

template <class T>
void gemm(Transpose transpose_a, Transpose transpose_b, std::size_t m, std::size_t n, std::size_t k,
          T alpha, const T* a, std::size_t lda, const T* b, std::size_t ldb, T beta, T* c,
          std::size_t ldc) {
  multiply(Product<T>{transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc});
}

template <class T>
void matmul_gemm(Transpose transpose_a, Transpose transpose_b, std::size_t m, std::size_t n,
                 std::size_t k, const T* a, std::size_t lda, const T* b, std::size_t ldb, T beta,
                 T* c, std::size_t ldc) {
  multiply(Product<T>{transpose_a, transpose_b, m, n, k, T(1), a, lda, b, ldb, beta, c, ldc,
                      takes_bfloat16<T>(m, n, k)});
}

template <class T>
void matmul_gemm_on_this_thread(Transpose transpose_a, Transpose transpose_b, std::size_t m,
                                std::size_t n, std::size_t k, const T* a, std::size_t lda,
                                const T* b, std::size_t ldb, T beta, T* c, std::size_t ldc) {
  multiply_here(Product<T>{transpose_a, transpose_b, m, n, k, T(1), a, lda, b, ldb, beta, c, ldc,
                           takes_bfloat16<T>(m, n, k)});
}

template <class T>
void gemm_on_this_thread(Transpose transpose_a, Transpose transpose_b, std::size_t m, std::size_t n,
                         std::size_t k, T alpha, const T* a, std::size_t lda, const T* b,
                         std::size_t ldb, T beta, T* c, std::size_t ldc) {
  multiply_here(Product<T>{transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc});
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
  const bool half = matmul_precision() == Precision::bfloat16;
  return "oneDNN " + onednn::version() + (half ? " with bfloat16 + CBLAS" : " + CBLAS");
#else
  return "CBLAS";
#endif
}

#define XTAPE_INSTANTIATE(T)                                                                       \
  template void gemm(Transpose, Transpose, std::size_t, std::size_t, std::size_t, T, const T*,     \
                     std::size_t, const T*, std::size_t, T, T*, std::size_t);                      \
  template void gemm_on_this_thread(Transpose, Transpose, std::size_t, std::size_t, std::size_t,   \
                                    T, const T*, std::size_t, const T*, std::size_t, T, T*,        \
                                    std::size_t);                                                  \
  template void matmul_gemm(Transpose, Transpose, std::size_t, std::size_t, std::size_t, const T*, \
                            std::size_t, const T*, std::size_t, T, T*, std::size_t);               \
  template void matmul_gemm_on_this_thread(Transpose, Transpose, std::size_t, std::size_t,         \
                                           std::size_t, const T*, std::size_t, const T*,           \
                                           std::size_t, T, T*, std::size_t);                       \
  template void gemm(Transpose, Transpose, const Array<T>&, const Array<T>&, T, Array<T>&)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
