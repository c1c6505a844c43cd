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

/// Computes shifted = in - max(in), row by row. Its exp cannot overflow.
template <class T>
void subtract_max(const T* in, Rows rows, T* shifted) {
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

/// Computes p = softmax(z) of values without tangents. `p` has its shape.
template <class T>
void softmax_of(const T* z, Rows rows, Array<T>& p) {
  subtract_max(z, rows, p.data());
  normalize_exp(rows, p, [](T) {});
}

/// Computes softmax(z) into p and returns the loss; see softmax_with_loss().
template <class T>
double loss_of(const T* z, Rows rows, std::span<const std::uint32_t> labels, Array<T>& p,
               double smoothing) {
  subtract_max(z, rows, p.data());
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
  return loss + std::log(product);
}

/// Computes l = log_softmax(z) of values without tangents. `l` has its shape. Returns e^(z - m), in
/// memory that the thread reuses.
template <class T>
const Array<T>& log_softmax_of(const T* z, Rows rows, Array<T>& l) {
  subtract_max(z, rows, l.data());
  Array<T>& powers = scratch<Array<T>, struct Powers>();
  resize(powers, l.shape());
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
  return powers;
}

/// Returns the sum of p(j) dz(j) over a row.
template <class T>
T weighted_sum(const T* p, const T* dz, std::size_t columns) {
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t j = 0; j < columns; ++j) {
    sum += p[j] * dz[j];
  }
  return sum;
}

/// Computes dp = p (dz - (the sum of p dz)), row by row.
template <class T>
void softmax_tangents(Rows rows, const T* p, const T* dz, T* dp) {
  for (std::size_t i = 0; i < rows.count; ++i) {
    const T sum = weighted_sum(p, dz, rows.columns);
#pragma omp simd
    for (std::size_t j = 0; j < rows.columns; ++j) {
      dp[j] = p[j] * (dz[j] - sum);
    }
    p += rows.columns, dz += rows.columns, dp += rows.columns;
  }
}

/// Returns the tangent of the loss whose probabilities are p.
template <class T>
double loss_tangent(Rows rows, std::span<const std::uint32_t> labels, const T* p, const T* dz,
                    double smoothing) {
  const double share = smoothing / static_cast<double>(rows.columns);
  double tangent = 0;
  for (std::size_t i = 0; i < rows.count; ++i, p += rows.columns, dz += rows.columns) {
    tangent += static_cast<double>(weighted_sum(p, dz, rows.columns));
    tangent -= (1 - smoothing) * static_cast<double>(dz[labels[i]]);
    if (smoothing > 0) {
      tangent -= share * std::accumulate(dz, dz + rows.columns, 0.0);
    }
  }
  return tangent;
}

/// Lends the values of an array of Dual numbers to an array of their own, as long as it lives.
template <class T>
class LentValues {
 public:
  explicit LentValues(Array<Dual<T>>& both)
      : both_(both), values_(scratch<Array<T>, LentValues>()) {
    both_.storage().trade_values(values_.storage());
  }
  ~LentValues() { both_.storage().trade_values(values_.storage()); }
  LentValues(const LentValues&) = delete;
  LentValues& operator=(const LentValues&) = delete;

  Array<T>& values() {
    resize(values_, both_.shape());
    return values_;
  }

 private:
  Array<Dual<T>>& both_;
  Array<T>& values_;
};

/// Calls compute(values) with the values of an array of Dual numbers.
template <class T, class Compute>
void with_values(Array<Dual<T>>& array, Compute compute) {
  LentValues<T> lent(array);
  compute(lent.values());
}

}  // namespace

template <class T>
void softmax(const Array<T>& z, Array<T>& p) {
  const Rows rows = rows_of("softmax", z);
  resize(p, z.shape());
  softmax_of(z.data(), rows, p);
}

template <class T>
void softmax(const Array<Dual<T>>& z, Array<Dual<T>>& p) {
  const Rows rows = rows_of("softmax", z);
  resize(p, z.shape());
  with_values(p, [&](Array<T>& values) { softmax_of(z.storage().values(), rows, values); });
  softmax_tangents(rows, p.storage().values(), z.storage().tangents(), p.storage().tangents());
}

template <class T>
T softmax_with_loss(const Array<T>& z, std::span<const std::uint32_t> labels, Array<T>& p,
                    double smoothing) {
  const Rows rows = rows_of("softmax", z);
  resize(p, z.shape());
  return static_cast<T>(loss_of(z.data(), rows, labels, p, smoothing));
}

template <class T>
Dual<T> softmax_with_loss(const Array<Dual<T>>& z, std::span<const std::uint32_t> labels,
                          Array<Dual<T>>& p, double smoothing) {
  const Rows rows = rows_of("softmax", z);
  resize(p, z.shape());
  double loss = 0;
  with_values(p, [&](Array<T>& values) {
    loss = loss_of(z.storage().values(), rows, labels, values, smoothing);
  });
  const T* const values = p.storage().values();
  const T* const dz = z.storage().tangents();
  softmax_tangents(rows, values, dz, p.storage().tangents());
  return {static_cast<T>(loss), static_cast<T>(loss_tangent(rows, labels, values, dz, smoothing))};
}

template <class T>
void log_softmax(const Array<T>& z, Array<T>& l) {
  const Rows rows = rows_of("log_softmax", z);
  resize(l, z.shape());
  log_softmax_of(z.data(), rows, l);
}

template <class T>
void log_softmax(const Array<Dual<T>>& z, Array<Dual<T>>& l) {
  const Rows rows = rows_of("log_softmax", z);
  resize(l, z.shape());
  const T* power = nullptr;
  with_values(l, [&](Array<T>& values) {
    power = log_softmax_of(z.storage().values(), rows, values).data();
  });
  const T* dz = z.storage().tangents();
  T* dl = l.storage().tangents();
  for (std::size_t i = 0; i < rows.count; ++i) {
    const T mean =
        weighted_sum(power, dz, rows.columns) / std::accumulate(power, power + rows.columns, T(0));
#pragma omp simd
    for (std::size_t j = 0; j < rows.columns; ++j) {
      dl[j] = dz[j] - mean;
    }
    power += rows.columns, dz += rows.columns, dl += rows.columns;
  }
}

#define XTAPE_INSTANTIATE(T)                                                                \
  template void softmax(const Array<T>&, Array<T>&);                                        \
  template T softmax_with_loss(const Array<T>&, std::span<const std::uint32_t>, Array<T>&,  \
                               double);                                                     \
  template void log_softmax(const Array<T>&, Array<T>&);                                    \
  template void softmax(const Array<Dual<T>>&, Array<Dual<T>>&);                            \
  template Dual<T> softmax_with_loss(const Array<Dual<T>>&, std::span<const std::uint32_t>, \
                                     Array<Dual<T>>&, double);                              \
  template void log_softmax(const Array<Dual<T>>&, Array<Dual<T>>&)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
