#include "nn/optim/clip.hpp"

#include <algorithm>
#include <cmath>

#include "nn/parameters.hpp"
#include "tensor/parallel.hpp"

namespace xtape::nn::detail {
namespace {

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

template <class T>
void require_distinct(const std::vector<Array<T>*>& gradients) {
  auto& sorted = scratch<std::vector<Array<T>*>, struct SortedGradients>();
  sorted = gradients;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  require<TapeError>(twice == sorted.end(),
                     "clip_grad_norm: two visit lines of the model name the same array {}; visit "
                     "it once",
                     twice == sorted.end() ? Shape() : (*twice)->shape());
}

}  // namespace

template <class T>
double clip_norm(const std::vector<Array<T>*>& gradients, double max_norm) {
  require_distinct(gradients);
  double squares = 0;
  for (const Array<T>* grad : gradients) {
    squares += sum_of_products(*grad, *grad);
  }
  const double norm = std::sqrt(squares);
  if (norm > max_norm && std::isfinite(norm)) {
    for (Array<T>* grad : gradients) {
      scale(*grad, max_norm / norm);
    }
  }
  return norm;
}

void require_max_norm(double max_norm) {
  require<ValueError>(max_norm > 0, "clip_grad_norm: expected a max_norm above 0, got {}",
                      max_norm);
}

#define XTAPE_INSTANTIATE(T) template double clip_norm(const std::vector<Array<T>*>&, double)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape::nn::detail
