#include "tensor/argmax.hpp"

#include <cmath>
#include <functional>

#include "tensor/kernels/rearrange.hpp"

namespace xtape {
namespace {

/// Returns the position of the first of `extent` elements that none is `before`, or of NaN.
template <class T, class Before>
std::size_t first_place(const T* line, std::size_t extent, std::size_t step, Before before) {
  std::size_t best = 0;
  for (std::size_t a = 1; a < extent && !std::isnan(line[best * step]); ++a) {
    const T value = line[a * step];
    best = before(value, line[best * step]) || std::isnan(value) ? a : best;
  }
  return best;
}

template <class T, class Before>
std::vector<std::size_t> places(const char* operation, const Array<T>& x,
                                std::ptrdiff_t axis_from_either, Before before) {
  require_whole(operation, x);
  const std::size_t axis = normalize_axis(operation, axis_from_either, x.shape());
  const auto [outer, extent, inner] = blocks_around(x.shape(), axis);
  require<ShapeError>(extent > 0, "{}: axis {} of {} is empty", operation, axis, x.shape());
  std::vector<std::size_t> result(outer * inner);
  for (std::size_t i = 0; i < result.size(); ++i) {
    const T* const line = x.data() + i / inner * extent * inner + i % inner;
    result[i] = first_place(line, extent, inner, before);
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
