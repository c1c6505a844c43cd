#include "tensor/kernels/pooling.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "tensor/parallel.hpp"

namespace xtape {
namespace {

/// The part of an image that a window covers, and the number of its result.
struct Cover {
  Interval rows, columns;
  std::size_t index;

  std::size_t width() const { return columns.end - columns.begin; }
  std::size_t area() const { return (rows.end - rows.begin) * width(); }
};

/// Calls f(image, window) for each window. Threads share the rows of the result.
template <class T, class F>
void for_each_window(const T* x, const Windows& w, F f) {
  const std::size_t rows = w.batch * w.rows.count;
  const std::size_t work = rows * w.columns.count * w.channels * w.area();
  const std::size_t image_size = w.rows.extent * w.columns.extent * w.channels;
  parallel(rows, 1, work, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      const T* image = x + row / w.rows.count * image_size;
      const Interval covered = w.rows.positions(row % w.rows.count);
      for (std::size_t j = 0; j < w.columns.count; ++j) {
        f(image, Cover{covered, w.columns.positions(j), row * w.columns.count + j});
      }
    }
  });
}

/// Calls f(pixel, window, place) for each pixel of `dx` and each window that covers it. `place` is
/// the pixel's place in the window. Threads share the rows of the images, so none writes where
/// another does. Sets the pixels to 0 before if beta is 0.
template <class T, class F>
void for_each_pixel(const Windows& w, T beta, T* dx, F f) {
  const std::size_t rows = w.batch * w.rows.extent, row_size = w.columns.extent * w.channels;
  parallel(rows, 1, rows * row_size, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      T* pixels = dx + row * row_size;
      if (beta == T(0)) {
        std::fill_n(pixels, row_size, T(0));
      }
      const std::size_t image = row / w.rows.extent, position = row % w.rows.extent;
      const Interval over = w.rows.windows(position);
      for (std::size_t i = over.begin; i < over.end; ++i) {
        const Interval covered = w.rows.positions(i);
        for (std::size_t j = 0; j < w.columns.count; ++j) {
          const Cover window{covered, w.columns.positions(j),
                             (image * w.rows.count + i) * w.columns.count + j};
          std::size_t place = (position - covered.begin) * window.width();
          for (std::size_t k = window.columns.begin; k < window.columns.end; ++k) {
            f(pixels + k * w.channels, window, place++);
          }
        }
      }
    }
  });
}

/// Finds the largest number of `count` channels, at most `lanes`, in the pixels of a window, and
/// its place. NaN counts as the largest. The numbers stay in registers from pixel to pixel.
template <class T>
struct Largest {
  static constexpr std::size_t lanes = 64 / sizeof(T);
  using Place = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

  T number[lanes];
  Place place[lanes];

  void find(const T* image, const Windows& w, const Cover& window, std::size_t count) {
    Place here = 0;
    std::fill_n(place, lanes, Place(0));
    for (std::size_t i = window.rows.begin; i < window.rows.end; ++i) {
      const T* pixel = image + (i * w.columns.extent + window.columns.begin) * w.channels;
      for (std::size_t j = 0; j < window.width(); ++j, ++here, pixel += w.channels) {
        if (here == 0) {
          std::copy_n(pixel, count, number);
        } else if (count == lanes) {
          take(pixel, lanes, here);
        } else {
          take(pixel, count, here);
        }
      }
    }
  }

 private:
  void take(const T* pixel, std::size_t count, Place here) {
#pragma omp simd
    for (std::size_t c = 0; c < count; ++c) {
      const bool wins = pixel[c] > number[c] || std::isnan(pixel[c]);
      number[c] = wins ? pixel[c] : number[c];
      place[c] = wins ? here : place[c];
    }
  }
};

/// Returns the share of a pixel in the mean of a window.
template <class T>
T share(const Windows& w, const Cover& window, bool count_padding) {
  return T(1) / (count_padding ? static_cast<T>(w.rows.kernel) * static_cast<T>(w.columns.kernel)
                               : static_cast<T>(window.area()));
}

}  // namespace

template <class T, class Place>
void max_pool(const T* x, const Windows& windows, T* y, Place* places) {
  constexpr std::size_t lanes = Largest<T>::lanes;
  for_each_window(x, windows, [=](const T* image, const Cover& window) {
    for (std::size_t c = 0; c < windows.channels; c += lanes) {
      const std::size_t count = std::min(lanes, windows.channels - c);
      Largest<T> largest;
      largest.find(image + c, windows, window, count);
      const std::size_t result = window.index * windows.channels + c;
      std::copy_n(largest.number, count, y + result);
      if (places != nullptr) {
        std::transform(largest.place, largest.place + count, places + result,
                       [](auto place) { return static_cast<Place>(place); });
      }
    }
  });
}

template <class T, class Place>
void take_at_places(const T* x, const Place* places, const Windows& windows, T* y) {
  const std::size_t channels = windows.channels;
  for_each_window(x, windows, [=](const T* image, const Cover& window) {
    for (std::size_t c = 0; c < channels; ++c) {
      const std::size_t result = window.index * channels + c;
      const std::size_t row = window.rows.begin + places[result] / window.width();
      const std::size_t column = window.columns.begin + places[result] % window.width();
      y[result] = image[(row * windows.columns.extent + column) * channels + c];
    }
  });
}

template <class T, class Place>
void max_pool_backward(const T* dy, const Place* places, const Windows& windows, T beta, T* dx) {
  const std::size_t channels = windows.channels;
  for_each_pixel(windows, beta, dx, [=](T* pixel, const Cover& window, std::size_t place) {
    const T* grad = dy + window.index * channels;
    const Place* chosen = places + window.index * channels;
#pragma omp simd simdlen(16)
    for (std::size_t c = 0; c < channels; ++c) {
      pixel[c] += chosen[c] == place ? grad[c] : T(0);
    }
  });
}

template <class T>
void avg_pool(const T* x, const Windows& windows, bool count_padding, T* y) {
  const std::size_t channels = windows.channels, width = windows.columns.extent;
  for_each_window(x, windows, [=](const T* image, const Cover& window) {
    T* mean = y + window.index * channels;
    std::fill_n(mean, channels, T(0));
    for (std::size_t i = window.rows.begin; i < window.rows.end; ++i) {
      for (std::size_t j = window.columns.begin; j < window.columns.end; ++j) {
        const T* pixel = image + (i * width + j) * channels;
#pragma omp simd
        for (std::size_t c = 0; c < channels; ++c) {
          mean[c] += pixel[c];
        }
      }
    }
    const T factor = share<T>(windows, window, count_padding);
#pragma omp simd
    for (std::size_t c = 0; c < channels; ++c) {
      mean[c] *= factor;
    }
  });
}

template <class T>
void avg_pool_backward(const T* dy, const Windows& windows, bool count_padding, T beta, T* dx) {
  const std::size_t channels = windows.channels;
  for_each_pixel(windows, beta, dx, [=](T* pixel, const Cover& window, std::size_t) {
    const T* grad = dy + window.index * channels;
    const T factor = share<T>(windows, window, count_padding);
#pragma omp simd
    for (std::size_t c = 0; c < channels; ++c) {
      pixel[c] += factor * grad[c];
    }
  });
}

#define XTAPE_INSTANTIATE_PLACES(T, Place)                                  \
  template void max_pool(const T*, const Windows&, T*, Place*);             \
  template void take_at_places(const T*, const Place*, const Windows&, T*); \
  template void max_pool_backward(const T*, const Place*, const Windows&, T, T*)
#define XTAPE_INSTANTIATE(T)                                  \
  XTAPE_INSTANTIATE_PLACES(T, std::uint8_t);                  \
  XTAPE_INSTANTIATE_PLACES(T, std::size_t);                   \
  template void avg_pool(const T*, const Windows&, bool, T*); \
  template void avg_pool_backward(const T*, const Windows&, bool, T, T*)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE
#undef XTAPE_INSTANTIATE_PLACES

}  // namespace xtape
