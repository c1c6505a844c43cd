#include "tensor/kernels/rearrange.hpp"

#include <algorithm>
#include <utility>

namespace xtape {
namespace {

/// Computes out(j, i) = in(i, j) + beta out(j, i) for a rows x columns matrix, in tiles that fit
/// the first-level cache.
template <class T>
void transpose_matrix(std::size_t rows, std::size_t columns, const T* in, T beta, T* out) {
  constexpr std::size_t tile = 32;
  for (std::size_t i0 = 0; i0 < rows; i0 += tile) {
    for (std::size_t j0 = 0; j0 < columns; j0 += tile) {
      const std::size_t i1 = std::min(rows, i0 + tile), j1 = std::min(columns, j0 + tile);
      for (std::size_t j = j0; j < j1; ++j) {
        for (std::size_t i = i0; i < i1; ++i) {
          T& target = out[j * rows + i];
          target = in[i * columns + j] + (beta == T(0) ? T(0) : target);
        }
      }
    }
  }
}

std::size_t row_width(const Shape& shape) {
  std::size_t width = 1;
  for (std::size_t axis = 1; axis < shape.size(); ++axis) {
    width *= shape[axis];
  }
  return width;
}

}  // namespace

AxisBlocks blocks_around(const Shape& shape, std::size_t axis) {
  AxisBlocks blocks{1, shape[axis], 1};
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i != axis) {
      (i < axis ? blocks.outer : blocks.inner) *= shape[i];
    }
  }
  return blocks;
}

template <class T>
void swap_axes(const Array<T>& in, std::size_t a, std::size_t b, T beta, Array<T>& out) {
  if (a > b) {
    std::swap(a, b);
  }
  const AxisBlocks first = blocks_around(in.shape(), a);
  const AxisBlocks second = blocks_around(in.shape(), b);
  if (a == b) {
    copy_rows(1, in.size(), in.data(), 0, beta, out.data(), 0);
    return;
  }
  if (in.size() == 0) {
    return;  // returns at once, however many empty rows there are
  }
  // (outer, A, middle, B, inner) -> (outer, B, middle, A, inner)
  const std::size_t rows = first.extent, columns = second.extent, inner = second.inner;
  const std::size_t middle = first.inner / (columns * inner);
  for (std::size_t o = 0; o < first.outer; ++o) {
    const T* source = in.data() + o * rows * first.inner;
    T* target = out.data() + o * rows * first.inner;
    if (middle == 1 && inner == 1) {
      transpose_matrix(rows, columns, source, beta, target);
      continue;
    }
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t m = 0; m < middle; ++m) {
        // Row i of block m: `columns` runs of `inner`, middle * rows * inner apart in the result.
        copy_rows(columns, inner, source + (i * middle + m) * columns * inner, inner, beta,
                  target + (m * rows + i) * inner, middle * rows * inner);
      }
    }
  }
}

namespace {

/// Reverses the axes from `axis` on. `size` is the number of elements from there on.
template <class T>
void reverse_from(std::size_t axis, const Shape& shape, std::uint64_t mask, std::size_t size,
                  const T* in, T beta, T* out) {
  if (mask >> axis == 0) {
    copy_rows(1, size, in, 0, beta, out, 0);
    return;
  }
  const std::size_t extent = shape[axis], inner = size / extent;
  for (std::size_t i = 0; i < extent; ++i) {
    const std::size_t to = (mask >> axis & 1) != 0 ? extent - 1 - i : i;
    reverse_from(axis + 1, shape, mask, inner, in + i * inner, beta, out + to * inner);
  }
}

}  // namespace

template <class T>
void reverse_axes(const Array<T>& in, std::uint64_t mask, T beta, Array<T>& out) {
  if (in.size() > 0) {
    reverse_from(0, in.shape(), mask, in.size(), in.data(), beta, out.data());
  }
}

template <class T>
void copy_rows(std::size_t count, std::size_t width, const T* in, std::size_t in_step, T beta,
               T* out, std::size_t out_step) {
  if (width == 0) {
    return;  // returns at once, however many empty rows there are
  }
  for (std::size_t row = 0; row < count; ++row, in += in_step, out += out_step) {
    if (beta == T(0)) {
      std::copy_n(in, width, out);
    } else {
#pragma omp simd
      for (std::size_t j = 0; j < width; ++j) {
        out[j] += in[j];
      }
    }
  }
}

template <class T>
void gather_rows(const Array<T>& in, std::span<const std::uint32_t> rows, Array<T>& out) {
  const std::size_t width = row_width(in.shape());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::copy_n(in.data() + rows[i] * width, width, out.data() + i * width);
  }
}

template <class T>
void scatter_add_rows(const Array<T>& in, std::span<const std::uint32_t> rows, Array<T>& out) {
  const std::size_t width = row_width(in.shape());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    copy_rows(1, width, in.data() + i * width, 0, T(1), out.data() + rows[i] * width, 0);
  }
}

#define XTAPE_INSTANTIATE(T)                                                                    \
  template void swap_axes(const Array<T>&, std::size_t, std::size_t, T, Array<T>&);             \
  template void reverse_axes(const Array<T>&, std::uint64_t, T, Array<T>&);                     \
  template void copy_rows(std::size_t, std::size_t, const T*, std::size_t, T, T*, std::size_t); \
  template void gather_rows(const Array<T>&, std::span<const std::uint32_t>, Array<T>&);        \
  template void scatter_add_rows(const Array<T>&, std::span<const std::uint32_t>, Array<T>&)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
