#include "nn/optim/clip.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "tensor/parallel.hpp"

namespace xtape::nn::detail {

template <class T>
double sum_of_squares(const Array<T>& array) {
  // A fixed number of partial sums makes the result independent of the number of threads.
  std::array<double, 64> partial{};
  const std::size_t size = array.size();
  const std::size_t share = (size + partial.size() - 1) / partial.size();
  const T* data = array.data();
  parallel(partial.size(), 1, size, [&](std::size_t begin, std::size_t end) {
    for (std::size_t part = begin; part < end; ++part) {
      const std::size_t last = std::min(size, (part + 1) * share);
      double sum = 0;
#pragma omp simd reduction(+ : sum)
      for (std::size_t i = part * share; i < last; ++i) {
        const auto element = static_cast<double>(data[i]);
        sum += element * element;
      }
      partial[part] = sum;
    }
  });
  return std::accumulate(partial.begin(), partial.end(), 0.0);
}

template <class T>
void scale(Array<T>& array, double factor) {
  T* data = array.data();
  const auto by = static_cast<T>(factor);
  parallel(array.size(), 64, array.size(), [=](std::size_t begin, std::size_t end) {
#pragma omp simd
    for (std::size_t i = begin; i < end; ++i) {
      data[i] *= by;
    }
  });
}

void require_max_norm(double max_norm) {
  require<ValueError>(max_norm > 0, "clip_grad_norm: expected a max_norm above 0, got {}",
                      max_norm);
}

#define XTAPE_INSTANTIATE(T)                       \
  template double sum_of_squares(const Array<T>&); \
  template void scale(Array<T>&, double)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape::nn::detail
