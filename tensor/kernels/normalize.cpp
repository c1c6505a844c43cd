#include "tensor/kernels/normalize.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "tensor/parallel.hpp"
#include "tensor/scratch.hpp"

namespace xtape {
namespace {

/// The number of channels whose sums stay in registers across rows.
constexpr std::size_t tile_width = 64;

/// Returns memory for `count` zeros, which the next call with the same tag uses again.
template <class Tag>
double* zeroed(std::size_t count) {
  double* const memory = scratch_elements<double, Tag>(count);
  std::fill_n(memory, count, 0.0);
  return memory;
}

/// Calls f(std::true_type) if one statistic serves all channels of a sample, else
/// f(std::false_type).
template <class F>
void by_width(const NormShape& shape, F f) {
  shape.groups == 1 ? f(std::true_type()) : f(std::false_type());
}

/// Calls f(begin, end) for ranges of the rows of channels, in threads.
template <class F>
void for_each_rows(const NormShape& shape, F f) {
  const std::size_t rows = shape.samples * shape.positions;
  parallel(rows, 1, rows * shape.channels, f);
}

/// Some rows, cut into at most 64 blocks of at least 256 rows, which do not depend on the number of
/// threads.
struct Blocks {
  explicit Blocks(std::size_t row_count)
      : rows(row_count),
        count(std::clamp<std::size_t>(rows / 256, 1, 64)),
        size(rows / count + (rows % count == 0 ? 0 : 1)) {}

  std::size_t begin(std::size_t block) const { return std::min(rows, block * size); }
  std::size_t end(std::size_t block) const { return std::min(rows, (block + 1) * size); }

  std::size_t rows, count, size;
};

/// Adds two terms of each element of the rows [begin, end) to sums of its channel, or to one sum if
/// `Total`. `terms_of(row)` gives a function (channel, first, second) that adds the terms of an
/// element. Adds 64 rows at a time in single precision, and their sums in double precision.
template <class T, class Total, class TermsOf>
void add_terms(std::size_t begin, std::size_t end, std::size_t channels, double* first,
               double* second, Total, TermsOf terms_of) {
  constexpr std::size_t block = 64;
  for (std::size_t channel = 0; channel < channels; channel += tile_width) {
    const std::size_t width = std::min(tile_width, channels - channel);
    for (std::size_t top = begin; top < end; top += block) {
      T a[tile_width] = {}, b[tile_width] = {};
      for (std::size_t row = top; row < std::min(end, top + block); ++row) {
        const auto add = terms_of(row);
        const auto add_first = [&](std::size_t count) {
#pragma omp simd
          for (std::size_t j = 0; j < count; ++j) {
            add(channel + j, a[j], b[j]);
          }
        };
        // The compiler makes better code for a count that is a constant.
        width == tile_width ? add_first(tile_width) : add_first(width);
      }
      for (std::size_t j = 0; j < width; ++j) {
        first[Total::value ? 0 : channel + j] += static_cast<double>(a[j]);
        second[Total::value ? 0 : channel + j] += static_cast<double>(b[j]);
      }
    }
  }
}

/// Sums of two terms by sample and statistic, each in blocks of rows.
class Sums {
 public:
  explicit Sums(const NormShape& shape)
      : shape_(shape),
        blocks_(shape.positions),
        sums_(zeroed<Sums>(2 * blocks_.count * shape.statistics())) {}

  /// Adds the terms of all elements; see add_terms().
  template <class T, class TermsOf>
  void add(TermsOf terms_of) {
    const std::size_t units = shape_.samples * blocks_.count;
    const std::size_t work = shape_.samples * shape_.positions * shape_.channels;
    by_width(shape_, [&](auto total) {
      parallel(units, 1, work, [&](std::size_t begin, std::size_t end) {
        for (std::size_t unit = begin; unit < end; ++unit) {
          const std::size_t first = unit / blocks_.count * shape_.positions;
          const std::size_t block = unit % blocks_.count;
          double* sums = sums_ + 2 * unit * shape_.width();
          add_terms<T>(first + blocks_.begin(block), first + blocks_.end(block), shape_.channels,
                       sums, sums + shape_.width(), total, terms_of);
        }
      });
    });
  }

  /// Calls f(statistic, first, second) for each statistic of each sample with the sums of its
  /// group.
  template <class F>
  void for_each(F f) const {
    const std::size_t width = shape_.width();
    const std::size_t together = width / std::min(width, shape_.groups);
    for (std::size_t sample = 0; sample < shape_.samples; ++sample) {
      for (std::size_t group = 0; group < width; group += together) {
        double first = 0, second = 0;
        for (std::size_t block = 0; block < blocks_.count; ++block) {
          const double* sums = sums_ + 2 * (sample * blocks_.count + block) * width;
          for (std::size_t i = group; i < group + together; ++i) {
            first += sums[i];
            second += sums[width + i];
          }
        }
        for (std::size_t i = group; i < group + together; ++i) {
          f(sample * width + i, first, second);
        }
      }
    }
  }

 private:
  NormShape shape_;
  Blocks blocks_;
  double* sums_;
};

/// Computes a guess of each mean: the mean of up to 16 rows of a sample.
template <class T>
void guess_means(const T* x, const NormShape& shape, T* guess) {
  const std::size_t rows = std::min<std::size_t>(shape.positions, 16);
  const std::size_t step = rows == 0 ? 0 : shape.positions / rows, width = shape.width();
  const std::size_t sample_size = shape.positions * shape.channels;
  const std::size_t size = shape.channels / shape.groups;
  double* sums = zeroed<struct Guesses>(shape.statistics());
  const auto guess_sample = [&](std::size_t sample) {
    double* sum = sums + sample * width;
    for (std::size_t row = 0; row < rows; ++row) {
      const T* in = x + sample * sample_size + row * step * shape.channels;
      if (width == 1) {
        double total = 0;
#pragma omp simd reduction(+ : total)
        for (std::size_t c = 0; c < shape.channels; ++c) {
          total += static_cast<double>(in[c]);
        }
        sum[0] += total;
      } else {
#pragma omp simd
        for (std::size_t c = 0; c < shape.channels; ++c) {
          sum[c] += static_cast<double>(in[c]);
        }
      }
    }
    const std::size_t together = width == 1 ? 1 : size;
    for (std::size_t i = 0; i < width; i += together) {
      double total = 0;
      for (std::size_t j = i; j < i + together; ++j) {
        total += sum[j];
      }
      std::fill_n(guess + sample * width + i, together,
                  static_cast<T>(total / static_cast<double>(rows * size)));
    }
  };
  parallel(shape.samples, 1, shape.samples * rows * shape.channels,
           [&](std::size_t begin, std::size_t end) {
             for (std::size_t sample = begin; sample < end; ++sample) {
               guess_sample(sample);
             }
           });
}

/// Gives the normalised elements of one row: (x - mean) inverse.
template <class One, class T>
struct NormalizedRow {
  NormalizedRow(const T* x, const NormShape& shape, const Moments<T>& moments, std::size_t row)
      : in(x + row * shape.channels),
        guess(moments.guess + row / shape.positions * shape.width()),
        shift(moments.shift + (guess - moments.guess)),
        inverse(moments.inverse + (guess - moments.guess)) {}

  T operator()(std::size_t c) const {
    const std::size_t i = One::value ? 0 : c;
    return ((in[c] - guess[i]) - shift[i]) * inverse[i];
  }

  const T *in, *guess, *shift, *inverse;
};

/// The means of dy weight, and of dy weight times the normalised x, by statistic.
template <class T>
struct GradientMeans {
  T *plain, *times_normalized;
};

template <class T>
GradientMeans<T> gradient_means(const T* x, const T* dy, const NormShape& shape,
                                const Moments<T>& moments, const T* weight, const double* dweight,
                                const double* dbias) {
  T* const memory = scratch_elements<T, GradientMeans<T>>(2 * shape.statistics());
  const GradientMeans<T> means{memory, memory + shape.statistics()};
  const auto count = static_cast<double>(shape.count());
  const auto set = [=](std::size_t i, double plain, double times_normalized) {
    means.plain[i] = static_cast<T>(plain / count);
    means.times_normalized[i] = static_cast<T>(times_normalized / count);
  };
  if (shape.by_channel()) {
    for (std::size_t c = 0; c < shape.channels; ++c) {
      const auto w = static_cast<double>(weight[c]);
      set(c, w * dbias[c], w * dweight[c]);
    }
    return means;
  }
  Sums sums(shape);
  by_width(shape, [&]<class One>(One) {
    sums.add<T>([&](std::size_t row) {
      const NormalizedRow<One, T> normalized(x, shape, moments, row);
      return [=, grad = dy + row * shape.channels](std::size_t c, T& plain, T& product) {
        const T scaled = grad[c] * weight[c];
        plain += scaled;
        product += scaled * normalized(c);
      };
    });
  });
  sums.for_each(set);
  return means;
}

}  // namespace

template <class T>
void measure(const T* x, const NormShape& shape, double epsilon, const Moments<T>& moments) {
  guess_means(x, shape, moments.guess);
  Sums sums(shape);
  by_width(shape, [&]<class One>(One) {
    sums.add<T>([&](std::size_t row) {
      const T* in = x + row * shape.channels;
      const T* guess = moments.guess + row / shape.positions * shape.width();
      return [=](std::size_t c, T& sum, T& squares) {
        const T difference = in[c] - guess[One::value ? 0 : c];
        sum += difference;
        squares += difference * difference;
      };
    });
  });
  const auto count = static_cast<double>(shape.count());
  sums.for_each([&](std::size_t i, double sum, double squares) {
    const double shift = sum / count, variance = squares / count - shift * shift;
    moments.shift[i] = static_cast<T>(shift);
    moments.variance[i] = static_cast<T>(variance < 0 ? 0 : variance);  // which NaN is not
    moments.inverse[i] = static_cast<T>(1 / std::sqrt((variance < 0 ? 0 : variance) + epsilon));
  });
}

template <class T>
void normalize(const T* x, const NormShape& shape, const Moments<T>& moments, const T* weight,
               const T* bias, T* y) {
  by_width(shape, [&]<class One>(One) {
    for_each_rows(shape, [&](std::size_t begin, std::size_t end) {
      for (std::size_t row = begin; row < end; ++row) {
        const NormalizedRow<One, T> normalized(x, shape, moments, row);
        T* out = y + row * shape.channels;
#pragma omp simd
        for (std::size_t c = 0; c < shape.channels; ++c) {
          out[c] = normalized(c) * weight[c] + bias[c];
        }
      }
    });
  });
}

template <class T>
void sum_by_channel(const T* x, const T* dy, const NormShape& shape, const Moments<T>& moments,
                    double* dweight, double* dbias) {
  const Blocks blocks(shape.samples * shape.positions);
  const std::size_t channels = shape.channels;
  double* sums = zeroed<struct ChannelSums>(2 * blocks.count * channels);
  by_width(shape, [&]<class One>(One) {
    const auto terms_of = [&](std::size_t row) {
      const NormalizedRow<One, T> normalized(x, shape, moments, row);
      return [=, grad = dy + row * channels](std::size_t c, T& plain, T& product) {
        plain += grad[c];
        product += grad[c] * normalized(c);
      };
    };
    parallel(blocks.count, 1, blocks.rows * channels, [&](std::size_t begin, std::size_t end) {
      for (std::size_t block = begin; block < end; ++block) {
        double* of_block = sums + 2 * block * channels;
        add_terms<T>(blocks.begin(block), blocks.end(block), channels, of_block,
                     of_block + channels, std::false_type(), terms_of);
      }
    });
  });
  std::fill_n(dbias, channels, 0.0);
  std::fill_n(dweight, channels, 0.0);
  for (std::size_t block = 0; block < blocks.count; ++block) {
    for (std::size_t c = 0; c < channels; ++c) {
      dbias[c] += sums[2 * block * channels + c];
      dweight[c] += sums[(2 * block + 1) * channels + c];
    }
  }
}

template <class T>
void normalize_backward(const T* x, const T* dy, const NormShape& shape, const Moments<T>& moments,
                        const T* weight, const double* dweight, const double* dbias, T beta,
                        T* dx) {
  const GradientMeans<T> means = gradient_means(x, dy, shape, moments, weight, dweight, dbias);
  by_width(shape, [&]<class One>(One) {
    for_each_rows(shape, [&](std::size_t begin, std::size_t end) {
      for (std::size_t row = begin; row < end; ++row) {
        const NormalizedRow<One, T> normalized(x, shape, moments, row);
        const T* grad = dy + row * shape.channels;
        const T* plain = means.plain + row / shape.positions * shape.width();
        const T* product = means.times_normalized + row / shape.positions * shape.width();
        T* out = dx + row * shape.channels;
#pragma omp simd
        for (std::size_t c = 0; c < shape.channels; ++c) {
          const std::size_t i = One::value ? 0 : c;
          const T gradient =
              normalized.inverse[i] * (grad[c] * weight[c] - plain[i] - normalized(c) * product[i]);
          out[c] = gradient + (beta == T(0) ? T(0) : out[c]);
        }
      }
    });
  });
}

#define XTAPE_INSTANTIATE(T)                                                                      \
  template void measure(const T*, const NormShape&, double, const Moments<T>&);                   \
  template void normalize(const T*, const NormShape&, const Moments<T>&, const T*, const T*, T*); \
  template void sum_by_channel(const T*, const T*, const NormShape&, const Moments<T>&, double*,  \
                               double*);                                                          \
  template void normalize_backward(const T*, const T*, const NormShape&, const Moments<T>&,       \
                                   const T*, const double*, const double*, T, T*)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
