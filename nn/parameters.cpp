#include "nn/parameters.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "tensor/parallel.hpp"

namespace xtape::nn::detail {

template <class T>
double sum_of_products(const Array<T>& a, const Array<T>& b) {
  // A fixed number of partial sums makes the result independent of the number of threads.
  std::array<double, 64> partial{};
  const std::size_t size = a.size();
  const std::size_t share = (size + partial.size() - 1) / partial.size();
  const T *left = a.data(), *right = b.data();
  parallel(partial.size(), 1, size, [&](std::size_t begin, std::size_t end) {
    for (std::size_t part = begin; part < end; ++part) {
      const std::size_t last = std::min(size, (part + 1) * share);
      double sum = 0;
#pragma omp simd reduction(+ : sum)
      for (std::size_t i = part * share; i < last; ++i) {
        sum += static_cast<double>(left[i]) * static_cast<double>(right[i]);
      }
      partial[part] = sum;
    }
  });
  return std::accumulate(partial.begin(), partial.end(), 0.0);
}

#define XTAPE_INSTANTIATE(T) template double sum_of_products(const Array<T>&, const Array<T>&)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape::nn::detail
