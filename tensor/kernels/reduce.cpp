#include "tensor/kernels/reduce.hpp"

#include <algorithm>
#include <cmath>

#include "tensor/kernels/double_sums.hpp"
#include "tensor/parallel.hpp"
#include "tensor/scratch.hpp"

namespace xtape {
namespace {

/// A run of neighbouring axes that are all reduced or all kept.
struct AxisGroup {
  std::size_t extent;
  bool reduced;
  std::size_t in_stride = 1;
  std::size_t out_stride = 1;
};
using AxisGroups = xt::svector<AxisGroup, 4>;

/// Merges neighbouring axes of one kind, so that the kernels below see few and long loops.
AxisGroups group_axes(const Shape& shape, std::uint64_t mask) {
  require_rank("reduce", shape.size());
  AxisGroups groups;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const bool reduced = (mask >> axis & 1) != 0;
    if (shape[axis] == 1) {
      continue;
    }
    if (!groups.empty() && groups.back().reduced == reduced) {
      groups.back().extent *= shape[axis];
    } else {
      groups.push_back({shape[axis], reduced});
    }
  }
  if (groups.empty()) {
    groups.push_back({1, false});
  }
  std::size_t in_stride = 1, out_stride = 1;
  for (std::size_t i = groups.size(); i-- > 0;) {
    groups[i].in_stride = in_stride;
    groups[i].out_stride = out_stride;
    in_stride *= groups[i].extent;
    out_stride *= groups[i].reduced ? 1 : groups[i].extent;
  }
  return groups;
}

template <class T>
double sum_row(const T* row, std::size_t count) {
  constexpr std::size_t block = 512;
  double total = 0;
  for (std::size_t begin = 0; begin < count; begin += block) {
    const std::size_t end = std::min(count, begin + block);
    T partial = 0;
#pragma omp simd reduction(+ : partial)
    for (std::size_t j = begin; j < end; ++j) {
      partial += row[j];
    }
    total += static_cast<double>(partial);
  }
  return total;
}

constexpr std::size_t tile = 64;  ///< The number of columns that stay in registers across rows.

template <class T>
void add_row(const T* row, std::size_t count, T* sums) {
#pragma omp simd
  for (std::size_t j = 0; j < count; ++j) {
    sums[j] += row[j];
  }
}

/// Computes out[j] += scale * (the sum of column j) for `width` columns of rows that are `stride`
/// apart. `width` is at most a tile.
template <class T, class Sum>
void add_tile_sums(const T* in, std::size_t rows, std::size_t stride, std::size_t width, Sum scale,
                   Sum* out) {
  constexpr std::size_t block = 64;
  double total[tile] = {};
  for (std::size_t begin = 0; begin < rows; begin += block) {
    const std::size_t end = std::min(rows, begin + block);
    T partial[tile] = {};
    for (std::size_t i = begin; i < end; ++i) {
      const T* row = in + i * stride;
      if (width == tile) {
        add_row(row, tile, partial);  // with a constant count for the compiler
      } else {
        add_row(row, width, partial);
      }
    }
    for (std::size_t j = 0; j < width; ++j) {
      total[j] += static_cast<double>(partial[j]);
    }
  }
  for (std::size_t j = 0; j < width; ++j) {
    out[j] += scale * static_cast<Sum>(total[j]);
  }
}

/// Computes out[j] += scale * (the sum of column j).
template <class T, class Sum>
void add_column_sums(const T* in, std::size_t rows, std::size_t columns, Sum scale, Sum* out) {
  parallel(columns, tile, rows * columns, [=](std::size_t begin, std::size_t end) {
    for (std::size_t j = begin; j < end; j += tile) {
      add_tile_sums(in + j, rows, columns, std::min(tile, end - j), scale, out + j);
    }
  });
}

/// Computes out[i] += scale * (the sum of row i).
template <class T, class Sum>
void add_row_sums(const T* in, std::size_t rows, std::size_t columns, Sum scale, Sum* out) {
  constexpr std::size_t few = 8;  // columns, for which sum_row() takes longer
  for (std::size_t i = 0; i < rows; ++i, in += columns) {
    T sum = columns > few ? static_cast<T>(sum_row(in, columns)) : T(0);
    for (std::size_t j = 0; j < columns && columns <= few; ++j) {
      sum += in[j];
    }
    out[i] += scale * static_cast<Sum>(sum);
  }
}

/// True if add_sum() adds to the same sums many times: it walks along a reduced group one by one.
bool adds_repeatedly(const AxisGroups& groups) {
  return std::any_of(groups.begin(), groups.end() - std::min<std::size_t>(groups.size(), 2),
                     [](const AxisGroup& group) { return group.reduced; });
}

template <class T, class Sum>
void add_sum(const T* in, const AxisGroup* group, const AxisGroup* last, Sum scale, Sum* out) {
  const std::size_t extent = group->extent;
  if (group == last) {
    if (group->reduced) {
      *out += scale * static_cast<Sum>(sum_row(in, extent));
    } else {
#pragma omp simd
      for (std::size_t j = 0; j < extent; ++j) {
        out[j] += scale * static_cast<Sum>(in[j]);
      }
    }
    return;
  }
  if (group + 1 == last) {
    if (group->reduced) {
      add_column_sums(in, extent, last->extent, scale, out);
    } else {
      add_row_sums(in, extent, last->extent, scale, out);
    }
    return;
  }
  const std::size_t out_step = group->reduced ? 0 : group->out_stride;
  for (std::size_t i = 0; i < extent; ++i) {
    add_sum(in + i * group->in_stride, group + 1, last, scale, out + i * out_step);
  }
}

/// Walks like add_sum, with source and destination exchanged.
template <class T>
void add_stretched(const T* in, const AxisGroup* group, const AxisGroup* last, T scale, T* out) {
  const std::size_t extent = group->extent;
  if (group == last) {
    const std::size_t step = group->reduced ? 0 : 1;
#pragma omp simd
    for (std::size_t j = 0; j < extent; ++j) {
      out[j] += scale * in[j * step];
    }
    return;
  }
  const std::size_t in_step = group->reduced ? 0 : group->out_stride;
  for (std::size_t i = 0; i < extent; ++i) {
    add_stretched(in + i * in_step, group + 1, last, scale, out + i * group->in_stride);
  }
}

}  // namespace

std::uint64_t detail::stretched_axes(const Shape& from, const Shape& to) {
  require_rank("reduce", to.size());
  const std::size_t missing = to.size() - from.size();
  std::uint64_t mask = 0;
  for (std::size_t axis = 0; axis < to.size(); ++axis) {
    if (axis < missing || (from[axis - missing] == 1 && to[axis] != 1)) {
      mask |= std::uint64_t{1} << axis;
    }
  }
  return mask;
}

template <class T>
void reduce_sum(const Shape& shape, const T* in, std::uint64_t mask, T scale, T beta, T* out) {
  const AxisGroups groups = group_axes(shape, mask);
  const AxisGroup& first = groups.front();
  const std::size_t count = first.out_stride * (first.reduced ? 1 : first.extent);
  if (beta == T(0)) {
    std::fill_n(out, count, T(0));
  }
  if (element_count(shape) == 0) {
    return;
  }
  if (!adds_repeatedly(groups)) {
    add_sum(in, &first, &groups.back(), scale, out);
    return;
  }
  double* const sums = scratch_elements<double, struct SumsOfGroups>(count);
  std::fill_n(sums, count, 0.0);
  add_sum(in, &first, &groups.back(), static_cast<double>(scale), sums);
  add_rounded(sums, count, out);
}

template <class T>
void stretch(const T* in, std::uint64_t mask, T scale, T beta, const Shape& shape, T* out) {
  const std::size_t size = element_count(shape);
  if (beta == T(0)) {
    std::fill_n(out, size, T(0));
  }
  if (size > 0) {
    const AxisGroups groups = group_axes(shape, mask);
    add_stretched(in, &groups.front(), &groups.back(), scale, out);
  }
}

namespace {

/// Keeps in kept[i] the one of two numbers that is `before` the other, or NaN.
template <class T, class Before>
void keep_extremes(const T* values, std::size_t count, T* kept, Before before) {
#pragma omp simd
  for (std::size_t i = 0; i < count; ++i) {
    const T value = values[i], other = kept[i];
    kept[i] = before(value, other) || value != value ? value : other;
  }
}

/// Returns the number of a row that is `before` all others, or NaN. Each of `Lanes` numbers is the
/// extreme of a part of the row, so that the comparisons do not wait for each other.
template <std::size_t Lanes, class T, class Before>
T extreme_of(const T* row, std::size_t count, Before before) {
  T kept[Lanes] = {row[0]};
  if (count < Lanes) {
    for (std::size_t i = 1; i < count; ++i) {
      keep_extremes(row + i, 1, kept, before);
    }
    return kept[0];
  }
  std::copy_n(row, Lanes, kept);
  for (std::size_t begin = Lanes; begin + Lanes <= count; begin += Lanes) {
    keep_extremes(row + begin, Lanes, kept, before);  // with a constant count for the compiler
  }
  keep_extremes(row + count - Lanes, Lanes, kept, before);
  for (std::size_t width = Lanes / 2; width > 0; width /= 2) {
    keep_extremes(kept + width, width, kept, before);
  }
  return kept[0];
}

/// Keeps of two numbers the one that is `before` the other, and NaN.
template <class T, class Before>
void reduce_extreme(const T* in, std::size_t outer, std::size_t extent, std::size_t inner, T* out,
                    Before before) {
  if (inner == 0) {
    return;  // returns at once, however many empty blocks there are
  }
  for (std::size_t o = 0; o < outer; ++o, in += extent * inner, out += inner) {
    if (inner == 1) {
      *out = extent < 256 ? extreme_of<8>(in, extent, before) : extreme_of<32>(in, extent, before);
      continue;
    }
    std::copy_n(in, inner, out);
    for (std::size_t a = 1; a < extent; ++a) {
      keep_extremes(in + a * inner, inner, out, before);
    }
  }
}

}  // namespace

template <class T>
void reduce_max(const T* in, std::size_t outer, std::size_t extent, std::size_t inner, T* out) {
  reduce_extreme(in, outer, extent, inner, out, [](T a, T b) { return a > b; });
}

template <class T>
void reduce_min(const T* in, std::size_t outer, std::size_t extent, std::size_t inner, T* out) {
  reduce_extreme(in, outer, extent, inner, out, [](T a, T b) { return a < b; });
}

template <class T>
void detail::take_chosen_tangents(DualPointer<const T> in, std::size_t outer, std::size_t extent,
                                  std::size_t inner, DualPointer<T> out) {
  for (std::size_t i = 0; i < outer * inner; ++i) {
    std::size_t place = i / inner * extent * inner + i % inner;
    const auto passes = [&](const T& number, const T& chosen) {
      return value_of(number) != value_of(chosen) && !std::isnan(value_of(number));
    };
    for (std::size_t a = 1; a < extent && passes(in.value[place], out.value[i]); ++a) {
      place += inner;
    }
    out.tangent[i] = in.tangent[place];
  }
}

template <class T>
void running_sums(const T* in, std::size_t outer, std::size_t extent, std::size_t inner,
                  bool from_end, T beta, T* out) {
  if (extent == 0) {
    return;  // returns at once, however many empty lines there are
  }
  for (std::size_t line = 0; line < outer * inner; ++line) {
    const std::size_t first = line / inner * extent * inner + line % inner;
    double total = 0;
    for (std::size_t a = 0; a < extent; ++a) {
      const std::size_t place = first + (from_end ? extent - 1 - a : a) * inner;
      total += static_cast<double>(in[place]);
      out[place] = static_cast<T>(total) + (beta == T(0) ? T(0) : out[place]);
    }
  }
}

template <class T>
void reduce_product(const T* in, std::size_t outer, std::size_t extent, std::size_t inner, T* out) {
  std::fill_n(out, outer * inner, T(1));
  for (std::size_t o = 0; o < outer && inner > 0; ++o, out += inner) {
    for (std::size_t a = 0; a < extent; ++a, in += inner) {
#pragma omp simd
      for (std::size_t i = 0; i < inner; ++i) {
        out[i] *= in[i];
      }
    }
  }
}

template <class T>
void reduce_product(DualPointer<const T> in, std::size_t outer, std::size_t extent,
                    std::size_t inner, DualPointer<T> out) {
  std::fill_n(out, outer * inner, Dual<T>(1));
  for (std::size_t o = 0; o < outer && inner > 0; ++o, out += inner) {
    for (std::size_t a = 0; a < extent; ++a, in += inner) {
      for (std::size_t i = 0; i < inner; ++i) {
        out[i] *= in[i];
      }
    }
  }
}

#define XTAPE_INSTANTIATE(T)                                                                 \
  template void reduce_sum(const Shape&, const T*, std::uint64_t, T, T, T*);                 \
  template void stretch(const T*, std::uint64_t, T, T, const Shape&, T*);                    \
  template void detail::take_chosen_tangents(DualPointer<const T>, std::size_t, std::size_t, \
                                             std::size_t, DualPointer<T>);                   \
  template void reduce_product(DualPointer<const T>, std::size_t, std::size_t, std::size_t,  \
                               DualPointer<T>);                                              \
  template void reduce_max(const T*, std::size_t, std::size_t, std::size_t, T*);             \
  template void reduce_min(const T*, std::size_t, std::size_t, std::size_t, T*);             \
  template void running_sums(const T*, std::size_t, std::size_t, std::size_t, bool, T, T*);  \
  template void reduce_product(const T*, std::size_t, std::size_t, std::size_t, T*)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

#ifdef XTAPE_NESTED_DUALS
template void detail::take_chosen_tangents(DualPointer<const Dual<double>>, std::size_t,
                                           std::size_t, std::size_t, DualPointer<Dual<double>>);
template void reduce_product(DualPointer<const Dual<double>>, std::size_t, std::size_t, std::size_t,
                             DualPointer<Dual<double>>);
#endif

}  // namespace xtape
