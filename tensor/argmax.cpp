#include "tensor/argmax.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "tensor/kernels/rearrange.hpp"
#include "tensor/scratch.hpp"

namespace xtape {
namespace {

/// Returns the position of the first of `extent` elements that none is `before`, or of NaN.
template <class T, class Before>
std::size_t first_place(const T* line, std::size_t extent, Before before) {
  std::size_t best = 0;
  for (std::size_t a = 1; a < extent && !std::isnan(line[best]); ++a) {
    const T value = line[a];
    best = before(value, line[best]) || std::isnan(value) ? a : best;
  }
  return best;
}

/// Writes the first_place() of each column of `extent` rows.
template <class T, class Before>
void first_places(const T* in, std::size_t extent, std::size_t columns, Before before,
                  std::size_t* places) {
  T* const kept = scratch_elements<T, struct KeptExtremes>(columns);
  std::copy_n(in, columns, kept);
  std::fill_n(places, columns, std::size_t{0});
  for (std::size_t a = 1; a < extent; ++a) {
    const T* const row = in + a * columns;
#pragma omp simd
    for (std::size_t i = 0; i < columns; ++i) {
      const T value = row[i], other = kept[i];
      const bool better = before(value, other) || (value != value && other == other);
      kept[i] = better ? value : other;
      places[i] = better ? a : places[i];
    }
  }
}

template <class T, class Before>
std::vector<std::size_t> places(const char* operation, const Array<T>& x,
                                std::ptrdiff_t axis_from_either, Before before) {
  require_whole(operation, x);
  const std::size_t axis = normalize_axis(operation, axis_from_either, x.shape());
  const auto [outer, extent, inner] = blocks_around(x.shape(), axis);
  require<ShapeError>(extent > 0, "{}: axis {} of {} is empty", operation, axis, x.shape());
  std::vector<std::size_t> result(outer * inner);
  for (std::size_t o = 0; o < outer && inner > 0; ++o) {
    const T* const in = x.data() + o * extent * inner;
    if (inner == 1) {
      result[o] = first_place(in, extent, before);
    } else {
      first_places(in, extent, inner, before, result.data() + o * inner);
    }
  }
  return result;
}

}  // namespace

template <class T>
std::vector<std::size_t> argmax(const Array<T>& x, std::ptrdiff_t axis) {
  return places("argmax", x, axis, std::greater<T>());
}

template <class T>
std::vector<std::size_t> argmin(const Array<T>& x, std::ptrdiff_t axis) {
  return places("argmin", x, axis, std::less<T>());
}

#define XTAPE_INSTANTIATE(T)                                                 \
  template std::vector<std::size_t> argmax(const Array<T>&, std::ptrdiff_t); \
  template std::vector<std::size_t> argmin(const Array<T>&, std::ptrdiff_t)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
