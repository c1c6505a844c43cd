#include "tensor/batched_gemm.hpp"

#include <algorithm>
#include <type_traits>

#include "tensor/kernels/double_sums.hpp"
#include "tensor/matmul_precision.hpp"
#include "tensor/parallel.hpp"
#include "tensor/scratch.hpp"

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

/// So many products of floats are added to one matrix before it is added in double precision.
constexpr std::size_t most_products = std::size_t{1} << 10;

/// True if many products are added to each of a few matrices, as for the gradient of a factor that
/// they share.
template <class T>
bool sum_loses_digits(std::size_t count, std::size_t matrices) {
  return std::is_same_v<T, float> && matrices <= 64 && count / matrices > most_products;
}

/// Computes c += (what `add(begin, end, part)` adds to `part` for all products [0, count)).
template <class T, class Add>
void add_in_double(std::size_t count, std::size_t size, T* c, const Add& add) {
  T* const part = scratch_elements<T, struct PartOfBatch>(size);
  double* const sums = scratch_elements<double, struct SumsOfBatch>(size);
  std::fill_n(sums, size, 0.0);
  for (std::size_t begin = 0; begin < count; begin += most_products) {
    std::fill_n(part, size, T(0));
    add(begin, std::min(count, begin + most_products), part);
    add_block(part, size, sums);
  }
  add_rounded(sums, size, c);
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
  const auto run = [&](auto product, std::size_t begin, std::size_t end, T* to) {
    for (std::size_t i = begin; i < end; ++i) {
      product(a.transpose, b.transpose, m, n, k, a.data + offset_of(i, batch, a.steps),
              a.row_length, b.data + offset_of(i, batch, b.steps), b.row_length, beta,
              to + offset_of(i, batch, c_steps), n);
    }
  };
  constexpr auto with_threads = [](auto... arguments) { matmul_gemm<T>(arguments...); };
  constexpr auto alone = [](auto... arguments) { matmul_gemm_on_this_thread<T>(arguments...); };
  if (adds_up && sum_loses_digits<T>(count, c_size / (m * n))) {
    add_in_double(count, c_size, c, [&](std::size_t begin, std::size_t end, T* part) {
      run(with_threads, begin, end, part);
    });
  } else if (adds_up || count < thread_count()) {
    run(with_threads, 0, count, c);
  } else {
    parallel(count, 1, count * m * n * k / 16,
             [&](std::size_t begin, std::size_t end) { run(alone, begin, end, c); });
  }
}

#define XTAPE_INSTANTIATE(T)                                                                   \
  template void batched_gemm(const Shape&, std::size_t, std::size_t, std::size_t,              \
                             const MatrixBatch<T>&, const MatrixBatch<T>&, T, T*, std::size_t, \
                             const Shape&)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
