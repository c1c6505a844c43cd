#include "tensor/kernels/im2col.hpp"

#include <algorithm>

#include "tensor/array.hpp"
#include "tensor/gemm.hpp"
#include "tensor/kernels/shares.hpp"
#include "tensor/kernels/taps.hpp"
#include "tensor/scratch.hpp"

namespace xtape::im2col {
namespace {

constexpr auto as_is = Transpose::no;
constexpr auto transposed = Transpose::yes;

/// A window of one group of channels is a row of the matrix of patches. A group of the weights is a
/// matrix (row, group_out) within rows of `out`.
template <class T>
class Patches {
 public:
  explicit Patches(const Convolution& g)
      : g_(g), group_in_(g.in / g.groups), row_(g.taps() * group_in_) {}

  /// The number of columns of the matrix of patches.
  std::size_t row() const { return row_; }
  /// The number of results of a group at each position.
  std::size_t group_out() const { return g_.out / g_.groups; }

  /// True if the images are the matrix already: the kernel is 1 x 1 and the stride 1.
  bool are_images() const {
    return g_.kernel == Pair(1) && g_.stride == Pair(1) && g_.before == Pair(0) &&
           g_.image == g_.result;
  }

  /// The distance of the rows of the matrix in memory.
  std::size_t leading() const { return are_images() ? g_.in : row_; }

  /// The number of positions whose patches fit the second-level cache, at most `share`.
  std::size_t chunk(std::size_t share) const {
    constexpr std::size_t cache = (std::size_t{1} << 19) / sizeof(T);
    const std::size_t positions = cache / std::max<std::size_t>(row_, 1) / 16 * 16;
    return std::min(share, std::max<std::size_t>(positions, 32));
  }

  /// The number of elements that a chunk takes.
  std::size_t size(std::size_t chunk) const { return are_images() ? 0 : chunk * row_; }

  /// Returns the patches of the positions [begin, end), in `memory` or where they lie.
  const T* gather(const T* x, std::size_t group, std::size_t begin, std::size_t end,
                  T* memory) const {
    x += group * group_in_;
    if (are_images()) {
      return x + begin * g_.in;
    }
    T* out = memory;
    for_each_window(g_, begin, end, [&](std::size_t, const WindowPlace& window) {
      for_each_tap(g_, window, [&](std::size_t, std::ptrdiff_t pixel) {
        if (pixel >= 0) {
          std::copy_n(x + static_cast<std::size_t>(pixel) * g_.in, group_in_, out);
        } else {
          std::fill_n(out, group_in_, T(0));
        }
        out += group_in_;
      });
    });
    return memory;
  }

  /// Adds patches to the images that they are parts of.
  void scatter(const T* patches, std::size_t group, std::size_t begin, std::size_t end,
               T* x) const {
    x += group * group_in_;
    const T* patch = patches;
    for_each_window(g_, begin, end, [&](std::size_t, const WindowPlace& window) {
      for_each_tap(g_, window, [&](std::size_t, std::ptrdiff_t pixel) {
        if (pixel >= 0) {
          T* place = x + static_cast<std::size_t>(pixel) * g_.in;
#pragma omp simd
          for (std::size_t c = 0; c < group_in_; ++c) {
            place[c] += patch[c];
          }
        }
        patch += group_in_;
      });
    });
  }

 private:
  const Convolution& g_;
  std::size_t group_in_, row_;
};

template <class T>
void add_bias(const T* bias, std::size_t rows, std::size_t columns, T* y) {
  for (std::size_t row = 0; row < rows; ++row, y += columns) {
#pragma omp simd
    for (std::size_t j = 0; j < columns; ++j) {
      y[j] += bias[j];
    }
  }
}

}  // namespace

template <class T>
void convolve(const Convolution& g, const T* x, const T* weight, const T* bias, T beta, T* y) {
  const Patches<T> patches(g);
  const Shares shares(g.positions(), g.multiplications());
  const std::size_t chunk = patches.chunk(shares.size()), out = patches.group_out();
  T* const memory = scratch_elements<T, ConvolutionMemory>(shares.number() * patches.size(chunk));
  shares.each([&](std::size_t share, std::size_t begin, std::size_t end) {
    for (std::size_t next; begin < end; begin = next) {
      next = std::min(end, begin + chunk);
      for (std::size_t group = 0; group < g.groups; ++group) {
        const T* rows = patches.gather(x, group, begin, next, memory + share * patches.size(chunk));
        gemm_on_this_thread(as_is, as_is, next - begin, out, patches.row(), T(1), rows,
                            patches.leading(), weight + group * out, g.out, beta,
                            y + begin * g.out + group * out, g.out);
      }
      if (bias != nullptr) {
        add_bias(bias, next - begin, g.out, y + begin * g.out);
      }
    }
  });
}

template <class T>
void convolve_transposed(const Convolution& g, const T* dy, const T* weight, T beta, T* dx) {
  const Patches<T> patches(g);
  const std::size_t out = patches.group_out(), row = patches.row();
  const std::size_t windows = g.result.height * g.result.width;
  const std::size_t image = g.image.height * g.image.width;
  const Shares shares(g.batch, g.multiplications());  // windows of one image overlap
  const std::size_t chunk = patches.chunk(shares.size() * windows);
  T* const memory = scratch_elements<T, ConvolutionMemory>(shares.number() * patches.size(chunk));
  shares.each([&](std::size_t share, std::size_t first, std::size_t last) {
    T* const rows = memory + share * patches.size(chunk);
    if (!patches.are_images() && beta == T(0)) {
      std::fill(dx + first * image * g.in, dx + last * image * g.in, T(0));
    }
    for (std::size_t begin = first * windows, next; begin < last * windows; begin = next) {
      next = std::min(last * windows, begin + chunk);
      for (std::size_t group = 0; group < g.groups; ++group) {
        const T* from = dy + begin * g.out + group * out;
        if (patches.are_images()) {
          gemm_on_this_thread(as_is, transposed, next - begin, row, out, T(1), from, g.out,
                              weight + group * out, g.out, beta, dx + begin * g.in + group * row,
                              g.in);
        } else {
          gemm_on_this_thread(as_is, transposed, next - begin, row, out, T(1), from, g.out,
                              weight + group * out, g.out, T(0), rows, row);
          patches.scatter(rows, group, begin, next, dx);
        }
      }
    }
  });
}

template <class T>
void convolve_for_weights(const Convolution& g, const T* x, const T* dy, T beta, T* dw) {
  const Patches<T> patches(g);
  const Shares shares(g.positions(), g.multiplications());
  const std::size_t chunk = patches.chunk(shares.size()), out = patches.group_out();
  const std::size_t size = g.weight_size();
  T* const sums = scratch_elements<T, ConvolutionMemory>((shares.number() - 1) * size +
                                                         shares.number() * patches.size(chunk));
  T* const memory = sums + (shares.number() - 1) * size;
  shares.each([&](std::size_t share, std::size_t begin, std::size_t end) {
    T* const sum = share == 0 ? dw : sums + (share - 1) * size;
    T scale = share == 0 ? beta : T(0);
    std::size_t next = begin;
    do {  // without positions, the sum is 0
      next = std::min(end, begin + chunk);
      for (std::size_t group = 0; group < g.groups; ++group) {
        const T* rows = patches.gather(x, group, begin, next, memory + share * patches.size(chunk));
        gemm_on_this_thread(transposed, as_is, patches.row(), out, next - begin, T(1), rows,
                            patches.leading(), dy + begin * g.out + group * out, g.out, scale,
                            sum + group * out, g.out);
      }
      scale = 1;
      begin = next;
    } while (begin < end);
  });
  add_shares(shares.number(), size, sums, dw);
}

#define XTAPE_INSTANTIATE(T)                                                        \
  template void convolve(const Convolution&, const T*, const T*, const T*, T, T*);  \
  template void convolve_transposed(const Convolution&, const T*, const T*, T, T*); \
  template void convolve_for_weights(const Convolution&, const T*, const T*, T, T*)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape::im2col
