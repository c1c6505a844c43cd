#include "tensor/kernels/rearrange.hpp"

#include <algorithm>
#include <array>
#include <type_traits>

#include "tensor/kernels/double_sums.hpp"
#include "tensor/scratch.hpp"

namespace xtape {
namespace {

/// Runs one loop, with `beta` 0 or 1.
template <class T>
void copy_line(const StridedLoop& line, const T* in, T beta, T* out) {
  if (line.in_step == 1 && line.out_step == 1) {
    copy_rows(1, line.count, in, 0, beta, out, 0);
    return;
  }
  for (std::size_t i = 0; i < line.count; ++i, in += line.in_step, out += line.out_step) {
    *out = beta == T(0) ? *in : *in + *out;  // adding 0 would change -0
  }
}

/// Runs two loops in tiles that fit the first-level cache, because one of them steps far through
/// what is read, and the other one through what is written.
template <class T>
void copy_tiles(const StridedLoop& rows, const StridedLoop& columns, const T* in, T beta, T* out) {
  constexpr std::size_t tile = 32;
  const auto at = [](std::size_t i, std::ptrdiff_t step) {
    return static_cast<std::ptrdiff_t>(i) * step;
  };
  for (std::size_t i0 = 0; i0 < rows.count; i0 += tile) {
    for (std::size_t j0 = 0; j0 < columns.count; j0 += tile) {
      const std::size_t i1 = std::min(rows.count, i0 + tile);
      const StridedLoop line{std::min(columns.count, j0 + tile) - j0, columns.in_step,
                             columns.out_step};
      for (std::size_t i = i0; i < i1; ++i) {
        copy_line(line, in + at(i, rows.in_step) + at(j0, line.in_step), beta,
                  out + at(i, rows.out_step) + at(j0, line.out_step));
      }
    }
  }
}

template <class T>
void run_loops(std::span<const StridedLoop> loops, const T* in, T beta, T* out) {
  if (loops.size() == 2 && loops[1].in_step != 1 && loops[0].in_step == 1) {
    copy_tiles(loops[0], loops[1], in, beta, out);
  } else if (loops.size() == 1) {
    copy_line(loops[0], in, beta, out);
  } else {
    const StridedLoop& outer = loops.front();
    for (std::size_t i = 0; i < outer.count; ++i, in += outer.in_step, out += outer.out_step) {
      run_loops(loops.subspan(1), in, beta, out);
    }
  }
}

/// Writes fewer loops that do the same to `simple` and returns their number: it leaves out loops of
/// one step, and joins loops that step on where the next one ends. The loop that steps through
/// neighbours becomes the last, or the last but one if it does so for what is read alone.
std::size_t simplify(std::span<const StridedLoop> loops, StridedLoop* simple) {
  std::size_t count = 0;
  for (const StridedLoop& loop : loops) {
    if (loop.count == 1) {
      continue;
    }
    const auto steps = static_cast<std::ptrdiff_t>(loop.count);
    StridedLoop* last = simple + count - 1;
    if (count > 0 && last->in_step == steps * loop.in_step &&
        last->out_step == steps * loop.out_step) {
      *last = {last->count * loop.count, loop.in_step, loop.out_step};
    } else {
      simple[count++] = loop;
    }
  }
  const auto move_to = [=](std::size_t from_last, auto is_neighbour) {
    StridedLoop* const end = simple + count;
    StridedLoop* const found = std::find_if(simple, end, is_neighbour);
    if (found < end - from_last) {
      std::rotate(found, found + 1, end - from_last);
    }
  };
  move_to(0, [](const StridedLoop& loop) { return loop.out_step == 1; });
  if (count > 1 && simple[count - 1].in_step != 1) {
    move_to(1, [](const StridedLoop& loop) { return loop.in_step == 1; });
  }
  return count;
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
void copy_strided(std::span<const StridedLoop> loops, const T* in, T beta, T* out) {
  if (std::any_of(loops.begin(), loops.end(), [](const auto& loop) { return loop.count == 0; })) {
    return;
  }
  std::array<StridedLoop, max_rank> simple;
  const std::size_t count = simplify(loops, simple.data());
  if (count == 0) {
    copy_line(StridedLoop{1, 1, 1}, in, beta, out);
  } else {
    run_loops(std::span<const StridedLoop>(simple.data(), count), in, beta, out);
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
void gather_along(const AxisBlocks& blocks, const T* in, std::span<const std::uint32_t> places,
                  T beta, T* out) {
  const std::size_t width = blocks.inner;
  if (width == 0 || places.empty()) {
    return;  // returns at once, however many empty blocks there are
  }
  for (std::size_t o = 0; o < blocks.outer; ++o, in += blocks.extent * width) {
    for (std::size_t i = 0; i < places.size(); ++i, out += width) {
      copy_rows(1, width, in + places[i] * width, 0, beta, out, 0);
    }
  }
}

namespace {

/// True if one place occurs so often that its sum of floats would lose digits.
bool repeats_often(std::span<const std::uint32_t> places, std::size_t extent) {
  constexpr std::size_t often = std::size_t{1} << 12;
  if (places.size() <= often) {
    return false;
  }
  std::uint32_t* const counts = scratch_elements<std::uint32_t, struct PlaceCounts>(extent);
  std::fill_n(counts, extent, 0U);
  std::uint32_t most = 0;
  for (const std::uint32_t place : places) {
    most = std::max(most, ++counts[place]);
  }
  return most > often;
}

/// Adds rows of `in` to the rows of `out` at the places. `width` is the length of a row.
template <class T, class Sum>
void add_rows(const T* in, std::span<const std::uint32_t> places, std::size_t width, Sum* out) {
  for (const std::uint32_t place : places) {
    Sum* const row = out + place * width;
#pragma omp simd
    for (std::size_t i = 0; i < width; ++i) {
      row[i] += static_cast<Sum>(in[i]);
    }
    in += width;
  }
}

}  // namespace

template <class T>
void scatter_add_along(const AxisBlocks& blocks, const T* in, std::span<const std::uint32_t> places,
                       T* out) {
  const std::size_t width = blocks.inner, size = blocks.extent * width;
  if (width == 0 || places.empty()) {
    return;  // returns at once, however many empty blocks there are
  }
  const bool in_double = std::is_same_v<T, float> && repeats_often(places, blocks.extent);
  double* const sums = in_double ? scratch_elements<double, struct ScatterSums>(size) : nullptr;
  for (std::size_t o = 0; o < blocks.outer; ++o, out += size, in += places.size() * width) {
    if (!in_double) {
      add_rows(in, places, width, out);
      continue;
    }
    std::fill_n(sums, size, 0.0);
    add_rows(in, places, width, sums);
    add_rounded(sums, size, out);
  }
}

template <class T>
void copy_triangle(const Shape& shape, bool lower, std::ptrdiff_t offset, const T* in, T beta,
                   T* out) {
  const std::size_t rows = shape[shape.size() - 2], columns = shape.back();
  const std::size_t lines = columns == 0 ? 0 : element_count(shape) / columns;
  const auto last = static_cast<std::ptrdiff_t>(columns);
  const auto near = std::clamp(offset, -static_cast<std::ptrdiff_t>(rows), last);
  for (std::size_t line = 0; line < lines; ++line, in += columns, out += columns) {
    const auto diagonal = static_cast<std::ptrdiff_t>(line % rows) + near;
    const auto split =
        static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(diagonal + (lower ? 1 : 0), 0, last));
    const std::size_t begin = lower ? 0 : split, end = lower ? split : columns;
    copy_rows(1, end - begin, in + begin, 0, beta, out + begin, 0);
    if (beta == T(0)) {
      std::fill(out, out + begin, T(0));
      std::fill(out + end, out + columns, T(0));
    }
  }
}

#define XTAPE_INSTANTIATE(T)                                                                      \
  template void copy_strided(std::span<const StridedLoop>, const T*, T, T*);                      \
  template void copy_rows(std::size_t, std::size_t, const T*, std::size_t, T, T*, std::size_t);   \
  template void gather_along(const AxisBlocks&, const T*, std::span<const std::uint32_t>, T, T*); \
  template void scatter_add_along(const AxisBlocks&, const T*, std::span<const std::uint32_t>,    \
                                  T*);                                                            \
  template void copy_triangle(const Shape&, bool, std::ptrdiff_t, const T*, T, T*)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
