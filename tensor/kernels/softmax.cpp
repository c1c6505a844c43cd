#include "tensor/kernels/softmax.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tensor/assign.hpp"
#include "tensor/scratch.hpp"

namespace xtape {
namespace {

/// An array seen as rows along the last axis.
struct Rows {
  std::size_t count, columns;
};

template <class T>
Rows rows_of(const char* operation, const Array<T>& z) {
  require_whole(operation, z);
  require<ShapeError>(z.dimension() > 0 && z.shape().back() > 0,
                      "{}: expected a last axis with at least one element, got {}", operation,
                      z.shape());
  return {z.size() / z.shape().back(), z.shape().back()};
}

template <class T>
T max_of(const T* row, std::size_t columns) {
  T largest = row[0];
  for (std::size_t j = 1; j < columns; ++j) {
    largest = row[j] > largest ? row[j] : largest;  // a NaN makes the row NaN anyway
  }
  return largest;
}

/// Computes out = z - max(z), row by row. Its exp cannot overflow.
template <class T>
void subtract_max(const Array<T>& z, Rows rows, Array<T>& out) {
  const T* in = z.data();
  T* shifted = out.data();
  for (std::size_t i = 0; i < rows.count; ++i, in += rows.columns, shifted += rows.columns) {
    const T largest = max_of(in, rows.columns);
#pragma omp simd
    for (std::size_t j = 0; j < rows.columns; ++j) {
      shifted[j] = in[j] - largest;
    }
  }
}

/// Computes p = exp(p) / (its sum), row by row. Calls `each(sum)` with the sum of each row.
template <class T, class Each>
void normalize_exp(Rows rows, Array<T>& p, Each each) {
  assign_into(p, xt::exp(p));
  T* row = p.data();
  for (std::size_t i = 0; i < rows.count; ++i, row += rows.columns) {
    T sum = 0;
#pragma omp simd reduction(+ : sum)
    for (std::size_t j = 0; j < rows.columns; ++j) {
      sum += row[j];
    }
    each(sum);
    const T inverse = T(1) / sum;
#pragma omp simd
    for (std::size_t j = 0; j < rows.columns; ++j) {
      row[j] *= inverse;
    }
  }
}

}  // namespace

template <class T>
void softmax(const Array<T>& z, Array<T>& p) {
  const Rows rows = rows_of("softmax", z);
  resize(p, z.shape());
  subtract_max(z, rows, p);
  normalize_exp(rows, p, [](T) {});
}

template <class T>
T softmax_with_loss(const Array<T>& z, std::span<const std::uint32_t> labels, Array<T>& p,
                    double smoothing) {
  const Rows rows = rows_of("softmax", z);
  resize(p, z.shape());
  subtract_max(z, rows, p);
  const double share = smoothing / static_cast<double>(rows.columns);
  double loss = 0;
  for (std::size_t i = 0; i < rows.count; ++i) {
    const T* row = p.data() + i * rows.columns;
    loss -= (1 - smoothing) * static_cast<double>(row[labels[i]]);
    if (smoothing > 0) {
      loss -= share * std::accumulate(row, row + rows.columns, 0.0);
    }
  }
  double product = 1;  // of sums, each at least 1: one logarithm serves many rows
  normalize_exp(rows, p, [&](T sum) {
    product *= static_cast<double>(sum);
    if (!(product < 1e200)) {
      loss += std::log(product);
      product = 1;
    }
  });
  return static_cast<T>(loss + std::log(product));
}

template <class T>
void log_softmax(const Array<T>& z, Array<T>& l) {
  const Rows rows = rows_of("log_softmax", z);
  resize(l, z.shape());
  subtract_max(z, rows, l);
  Array<T>& powers = scratch<Array<T>, struct Powers>();
  resize(powers, z.shape());
  assign_into(powers, xt::exp(l));
  const T* power = powers.data();
  T* row = l.data();
  for (std::size_t i = 0; i < rows.count; ++i, row += rows.columns, power += rows.columns) {
    T sum = 0;
#pragma omp simd reduction(+ : sum)
    for (std::size_t j = 0; j < rows.columns; ++j) {
      sum += power[j];
    }
    const T log_sum = std::log(sum);
#pragma omp simd
    for (std::size_t j = 0; j < rows.columns; ++j) {
      row[j] -= log_sum;
    }
  }
}

#define XTAPE_INSTANTIATE(T)                                                               \
  template void softmax(const Array<T>&, Array<T>&);                                       \
  template T softmax_with_loss(const Array<T>&, std::span<const std::uint32_t>, Array<T>&, \
                               double);                                                    \
  template void log_softmax(const Array<T>&, Array<T>&)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
