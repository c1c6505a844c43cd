#include "tensor/batched_gemm.hpp"

#include <algorithm>

#include "tensor/matmul_precision.hpp"
#include "tensor/parallel.hpp"

namespace xtape {
namespace {

/// Returns the place of matrix number `i` of a batch.
std::size_t offset_of(std::size_t i, const Shape& batch, const Shape& steps) {
  std::size_t offset = 0;
  for (std::size_t axis = batch.size(); axis-- > 0; i /= batch[axis]) {
    offset += i % batch[axis] * steps[axis];
  }
  return offset;
}

/// True if several matrices of the batch have one place.
bool repeats(const Shape& batch, const Shape& steps) {
  for (std::size_t axis = 0; axis < batch.size(); ++axis) {
    if (steps[axis] == 0 && batch[axis] > 1) {
      return true;
    }
  }
  return false;
}

}  // namespace

template <class T>
void batched_gemm(const Shape& batch, std::size_t m, std::size_t n, std::size_t k,
                  const MatrixBatch<T>& a, const MatrixBatch<T>& b, T beta, T* c,
                  std::size_t c_size, const Shape& c_steps) {
  const std::size_t count = element_count(batch, "matmul");
  const bool adds_up = repeats(batch, c_steps);
  if (beta == T(0) && (adds_up || count == 0 || k == 0)) {
    std::fill_n(c, c_size, T(0));
    beta = T(1);
  }
  if (c_size == 0 || k == 0) {
    return;  // returns at once, however many empty products there are
  }
  const auto run = [&](auto product, std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      product(a.transpose, b.transpose, m, n, k, a.data + offset_of(i, batch, a.steps),
              a.row_length, b.data + offset_of(i, batch, b.steps), b.row_length, beta,
              c + offset_of(i, batch, c_steps), n);
    }
  };
  constexpr auto with_threads = [](auto... arguments) { matmul_gemm<T>(arguments...); };
  constexpr auto alone = [](auto... arguments) { matmul_gemm_on_this_thread<T>(arguments...); };
  if (adds_up || count < thread_count()) {
    run(with_threads, 0, count);
  } else {
    parallel(count, 1, count * m * n * k / 16,
             [&](std::size_t begin, std::size_t end) { run(alone, begin, end); });
  }
}

#define XTAPE_INSTANTIATE(T)                                                                   \
  template void batched_gemm(const Shape&, std::size_t, std::size_t, std::size_t,              \
                             const MatrixBatch<T>&, const MatrixBatch<T>&, T, T*, std::size_t, \
                             const Shape&)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
