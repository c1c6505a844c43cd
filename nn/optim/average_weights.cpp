#include "nn/optim/average_weights.hpp"

#include <algorithm>
#include <cmath>

#include "tensor/parallel.hpp"

namespace xtape::nn::detail {

void require_sound(const AverageOptions& options) {
  require<ValueError>(options.decay >= 0 && options.decay < 1,
                      "AverageWeights: expected a decay in [0, 1), got {}", options.decay);
}

void fail_other_arrays() {
  fail<ValueError>("AverageWeights: the model has gained or lost arrays since it was taken");
}

template <class T>
void average_into(Array<T>& average, const Array<T>& latest, double share,
                  const ParameterName& name) {
  if (!same_shape(average.shape(), latest.shape())) [[unlikely]] {
    fail<ShapeError>("AverageWeights: '{}' is {} in the model and {} in the average", name.str(),
                     latest.shape(), average.shape());
  }
  require_whole("AverageWeights", name, latest);
  require_whole("AverageWeights", name, average, "the average of");
  T* to = average.data();
  const T* from = latest.data();
  const std::size_t size = average.size();
  if (share == 1) {
    std::copy_n(from, size, to);
    return;
  }
  const T by = static_cast<T>(share);
  parallel(size, 64, size, [=](std::size_t begin, std::size_t end) {
#pragma omp simd
    for (std::size_t i = begin; i < end; ++i) {
      to[i] += by * (from[i] - to[i]);
    }
  });
}

template <class T>
std::size_t count_in(const Array<T>& updates) {
  require_whole("AverageWeights", ParameterName("updates", nullptr), updates, "buffer");
  const double count = static_cast<double>(updates.data()[0]);
  require<ValueError>(count >= 0 && count <= 0x1p53 && count == std::floor(count),
                      "AverageWeights: buffer 'updates' holds {}, expected a count", count);
  return static_cast<std::size_t>(count);
}

template std::size_t count_in(const Array<float>&);
template std::size_t count_in(const Array<double>&);
template void average_into(Array<float>&, const Array<float>&, double, const ParameterName&);
template void average_into(Array<double>&, const Array<double>&, double, const ParameterName&);

}  // namespace xtape::nn::detail
