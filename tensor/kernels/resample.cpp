#include "tensor/kernels/resample.hpp"

#include <algorithm>
#include <optional>

#include "tensor/parallel.hpp"

namespace xtape {
namespace {

/// Calls f(position, weight) for each position that the source reads.
template <class T, class F>
void for_each_position(const Source<T>& source, F f) {
  if (source.first_weight != T(0)) {
    f(source.first, source.first_weight);
  }
  if (source.second_weight != T(0)) {
    f(source.second, source.second_weight);
  }
}

/// Calls f(pixel, weight) for each pixel of an image that a pixel of the result reads. `pixel` is
/// the number of its first channel in the image.
template <class T, class F>
void for_each_source(const Resampling<T>& to, const Source<T>& row, const Source<T>& column, F f) {
  for_each_position(row, [&](std::size_t i, T of_row) {
    for_each_position(column, [&](std::size_t j, T of_column) {
      f((i * to.width + j) * to.channels, of_row * of_column);
    });
  });
}

/// Returns the position that the source reads alone, with the weight 1, or nothing.
template <class T>
std::optional<std::size_t> only_position(const Source<T>& source) {
  if (source.first_weight == T(1) && source.second_weight == T(0)) {
    return source.first;
  }
  if (source.first_weight == T(0) && source.second_weight == T(1)) {
    return source.second;
  }
  return std::nullopt;
}

}  // namespace

template <class T>
void resample(const T* x, const Resampling<T>& to, T value, T* y) {
  const std::size_t rows = to.batch * to.rows.size(), channels = to.channels;
  const std::size_t work = rows * to.columns.size() * channels;
  parallel(rows, 1, work, [&](std::size_t begin, std::size_t end) {
    T* out = y + begin * to.columns.size() * channels;
    for (std::size_t row = begin; row < end; ++row) {
      const T* image = x + row / to.rows.size() * to.height * to.width * channels;
      const Source<T>& source = to.rows[row % to.rows.size()];
      const std::optional<std::size_t> only_row = only_position(source);
      for (const Source<T>& column : to.columns) {
        const std::optional<std::size_t> only_column = only_position(column);
        if (only_row && only_column) {  // adding to 0 would change -0
          std::copy_n(image + (*only_row * to.width + *only_column) * channels, channels, out);
          out += channels;
          continue;
        }
        const bool outside = source.outside() || column.outside();
        std::fill_n(out, channels, outside ? value : T(0));
        for_each_source(to, source, column, [=](std::size_t pixel, T weight) {
#pragma omp simd
          for (std::size_t c = 0; c < channels; ++c) {
            out[c] += weight * image[pixel + c];
          }
        });
        out += channels;
      }
    }
  });
}

template <class T>
void resample_backward(const T* dy, const Resampling<T>& to, T beta, T* dx) {
  const std::size_t size = to.height * to.width * to.channels, channels = to.channels;
  const std::size_t result_size = to.rows.size() * to.columns.size() * channels;
  parallel(to.batch, 1, to.batch * result_size, [&](std::size_t begin, std::size_t end) {
    for (std::size_t n = begin; n < end; ++n) {
      T* image = dx + n * size;
      const T* grad = dy + n * result_size;
      std::fill_n(image, beta == T(0) ? size : 0, T(0));
      for (const Source<T>& row : to.rows) {
        for (const Source<T>& column : to.columns) {
          for_each_source(to, row, column, [=](std::size_t pixel, T weight) {
#pragma omp simd
            for (std::size_t c = 0; c < channels; ++c) {
              image[pixel + c] += weight * grad[c];
            }
          });
          grad += channels;
        }
      }
    }
  });
}

#define XTAPE_INSTANTIATE(T)                                     \
  template void resample(const T*, const Resampling<T>&, T, T*); \
  template void resample_backward(const T*, const Resampling<T>&, T, T*)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
