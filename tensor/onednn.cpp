#include "tensor/onednn.hpp"

#if __has_include(<oneapi/dnnl/dnnl.h>)
#include <oneapi/dnnl/dnnl.h>
#else
#include <dnnl.h>
#endif
#include <fmt/format.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#include <algorithm>
#include <atomic>
#include <new>

#include "tensor/address_space.hpp"
#include "tensor/buffer.hpp"
#include "tensor/error.hpp"
#include "tensor/parallel.hpp"

namespace xtape::onednn {
namespace {

/// The operands of one product, of which the functions below take parts.
struct Product {
  bool transpose_a, transpose_b;
  std::size_t m, n, k;
  float alpha;
  const float* a;
  std::size_t lda;
  const float* b;
  std::size_t ldb;
  float beta;
  float* c;
  std::size_t ldc;
};

/// oneDNN crashes where it gets no memory for the code that it makes and for its copies of
/// operands, a few MB in all. Throws std::bad_alloc instead, at the first call of a thread.
void require_workspace() {
  thread_local bool possible = false;
  if (!possible) {
    require_address_space(std::size_t{32} << 20);
    possible = true;
  }
}

/// Computes a product on as many threads as oneDNN likes: one, inside a parallel range.
dnnl_status_t compute(const Product& p) {
  const auto flag = [](bool transpose) { return transpose ? 'T' : 'N'; };
  const auto index = [](std::size_t extent) { return static_cast<dnnl_dim_t>(extent); };
  return dnnl_sgemm(flag(p.transpose_a), flag(p.transpose_b), index(p.m), index(p.n), index(p.k),
                    p.alpha, p.a, index(p.lda), p.b, index(p.ldb), p.beta, p.c, index(p.ldc));
}

/// Remembers the first failure among threads, which must not throw.
class Status {
 public:
  Status& operator=(dnnl_status_t status) {
    if (status != dnnl_success) {
      status_ = status;
    }
    return *this;
  }
  void check() const {
    if (status_ == dnnl_out_of_memory) {
      throw std::bad_alloc();
    }
    require<Error>(status_ == dnnl_success, "gemm: oneDNN failed with status {}",
                   static_cast<int>(status_.load()));
  }

 private:
  std::atomic<dnnl_status_t> status_{dnnl_success};
};

/// The rows [begin, end) of `rows` that one of `parts` threads works on.
struct Range {
  std::size_t begin, end;
};
Range share(std::size_t rows, std::size_t part, std::size_t parts) {
  constexpr std::size_t grain = 8;
  const std::size_t grains = (rows + grain - 1) / grain;
  const std::size_t size = (grains + parts - 1) / parts * grain;
  return {std::min(rows, part * size), std::min(rows, (part + 1) * size)};
}

/// Calls `compute_part(part)` for each of thread_count() parts, each on its own thread.
template <class ComputePart>
void for_each_part(const ComputePart& compute_part) {
  Status status;
  parallel(thread_count(), 1, parallel_threshold, [&](std::size_t part, std::size_t end) {
    for (; part < end; ++part) {
      status = compute_part(part);
    }
  });
  status.check();
}

/// A weight's gradient X^T dY with few rows in X and many in the result.
bool is_weight_gradient(const Product& p) {
  return p.transpose_a && !p.transpose_b && p.m >= 256 && 2 * p.k <= p.m;
}

/// Each thread computes some rows of C.
void split_rows(const Product& p) {
  for_each_part([&](std::size_t part) {
    const auto [begin, end] = share(p.m, part, thread_count());
    Product rows = p;
    rows.m = end - begin;
    rows.a += begin;
    rows.c += begin * p.ldc;
    return rows.m > 0 ? compute(rows) : dnnl_success;
  });
}

/// A layer's output X W with few rows in X and many in W.
bool is_tall_layer(const Product& p) {
  return !p.transpose_a && !p.transpose_b && p.k >= 256 && 8 * p.m <= p.k && p.ldc == p.n;
}

/// Each thread multiplies some columns of A by the same rows of B; then their products are added.
void split_inner(const Product& p) {
  const std::size_t size = p.m * p.n;
  static thread_local Buffer<float> partial;
  partial.resize(size * (thread_count() - 1));
  float* others = partial.data();
  for_each_part([&](std::size_t part) {
    const auto [begin, end] = share(p.k, part, thread_count());
    Product inner = p;
    inner.k = end - begin;
    inner.a += begin;
    inner.b += begin * p.ldb;
    if (part > 0) {
      inner.beta = 0;
      inner.c = others + (part - 1) * size;
      if (inner.k == 0) {
        std::fill_n(inner.c, size, 0.f);
      }
    }
    return inner.k > 0 ? compute(inner) : dnnl_success;
  });
  parallel(size, 16, size, [&](std::size_t begin, std::size_t end) {
    for (std::size_t other = 0; other + 1 < thread_count(); ++other) {
      const float* addend = others + other * size;
#pragma omp simd
      for (std::size_t i = begin; i < end; ++i) {
        p.c[i] += addend[i];
      }
    }
  });
}

/// Products of at most this many multiplications gain nothing from a second thread.
constexpr std::size_t small_product = 64 * 64 * 64;

/// Computes a product on this thread alone.
dnnl_status_t compute_alone(const Product& p) {
#ifdef _OPENMP
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const dnnl_status_t status = compute(p);
  omp_set_num_threads(threads);
  return status;
#else
  return compute(p);
#endif
}

}  // namespace

void sgemm(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k,
           float alpha, const float* a, std::size_t lda, const float* b, std::size_t ldb,
           float beta, float* c, std::size_t ldc) {
  require_workspace();
  const Product product{transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc};
  const bool small = m * n * k <= small_product;
  if (thread_count() > 1 && !small && is_weight_gradient(product)) {
    split_rows(product);
  } else if (thread_count() > 1 && !small && is_tall_layer(product)) {
    split_inner(product);
  } else {
    Status status;
    status = small ? compute_alone(product) : compute(product);
    status.check();
  }
}

std::string version() {
  const dnnl_version_t* linked = dnnl_version();
  return fmt::format("{}.{}.{}", linked->major, linked->minor, linked->patch);
}

}  // namespace xtape::onednn
