#include "nn/optim/clip.hpp"

#include "tensor/parallel.hpp"

namespace xtape::nn::detail {

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

#define XTAPE_INSTANTIATE(T) template void scale(Array<T>&, double)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape::nn::detail
