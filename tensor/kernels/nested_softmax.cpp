#include <algorithm>

#include "tensor/kernels/softmax.hpp"
#include "tensor/scratch.hpp"

/// @file
/// The kernels of softmax for Dual numbers of Dual numbers. The values, which are Dual numbers,
/// come from the kernels for those. The tangents follow by their rules, number by number.

namespace xtape {
namespace {

/// Returns the values of an array, in memory that the thread reuses.
template <class T, class Tag>
Array<Dual<T>>& values_of(const Array<Dual<Dual<T>>>& z) {
  Array<Dual<T>>& values = scratch<Array<Dual<T>>, Tag>();
  resize(values, z.shape());
  std::copy_n(z.storage().values(), z.size(), values.data());
  return values;
}

/// Writes values to p, which takes their shape, and returns the place of its tangents.
template <class T>
DualPointer<T> begin_tangents(const Array<Dual<T>>& values, Array<Dual<Dual<T>>>& p) {
  resize(p, values.shape());
  std::copy_n(values.storage().begin(), values.size(), p.storage().values());
  return p.storage().tangents();
}

/// Returns the sum of p(j) dz(j) over a row.
template <class T>
Dual<T> sum_of_products(DualPointer<const T> p, DualPointer<const T> dz, std::size_t columns) {
  Dual<T> sum(0);
  for (std::size_t j = 0; j < columns; ++j) {
    sum += p[j] * dz[j];
  }
  return sum;
}

/// Writes softmax(z) to p, whose values are known: dp = p (dz - (the sum of p dz)).
template <class T>
void write_softmax(const Array<Dual<T>>& values, DualPointer<const T> dz, Array<Dual<Dual<T>>>& p) {
  const DualPointer<const T> known = values.storage().data();
  const DualPointer<T> dp = begin_tangents(values, p);
  const std::size_t columns = values.shape().back();
  for (std::size_t row = 0; row < values.size(); row += columns) {
    const Dual<T> sum = sum_of_products(known + row, dz + row, columns);
    for (std::size_t j = row; j < row + columns; ++j) {
      dp[j] = known[j] * (dz[j] - sum);
    }
  }
}

}  // namespace

template <class T>
void softmax(const Array<Dual<Dual<T>>>& z, Array<Dual<Dual<T>>>& p) {
  require_whole("softmax", z);
  Array<Dual<T>>& values = scratch<Array<Dual<T>>, struct NestedSoftmax>();
  softmax(values_of<T, struct NestedLogits>(z), values);
  write_softmax(values, z.storage().tangents(), p);
}

template <class T>
Dual<Dual<T>> softmax_with_loss(const Array<Dual<Dual<T>>>& z,
                                std::span<const std::uint32_t> labels, Array<Dual<Dual<T>>>& p,
                                double smoothing) {
  require_whole("softmax", z);
  Array<Dual<T>>& values = scratch<Array<Dual<T>>, struct NestedSoftmax>();
  const Dual<T> loss =
      softmax_with_loss(values_of<T, struct NestedLogits>(z), labels, values, smoothing);
  const DualPointer<const T> dz = z.storage().tangents(), known = values.storage().data();
  write_softmax(values, dz, p);
  const std::size_t columns = values.shape().back();
  const auto share = static_cast<T>(smoothing / static_cast<double>(columns));
  Dual<T> tangent(0);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::size_t row = i * columns;
    tangent += sum_of_products(known + row, dz + row, columns);
    tangent -= static_cast<T>(1 - smoothing) * dz[row + labels[i]];
    for (std::size_t j = row; smoothing > 0 && j < row + columns; ++j) {
      tangent -= share * dz[j];
    }
  }
  return {loss, tangent};
}

template <class T>
void log_softmax(const Array<Dual<Dual<T>>>& z, Array<Dual<Dual<T>>>& l) {
  require_whole("log_softmax", z);
  const Array<Dual<T>>& logits = values_of<T, struct NestedLogits>(z);
  Array<Dual<T>>& values = scratch<Array<Dual<T>>, struct NestedLogs>();
  Array<Dual<T>>& parts = scratch<Array<Dual<T>>, struct NestedSoftmax>();
  log_softmax(logits, values);
  softmax(logits, parts);
  const DualPointer<const T> dz = z.storage().tangents(), known = parts.storage().data();
  const DualPointer<T> dl = begin_tangents(values, l);
  const std::size_t columns = values.shape().back();
  for (std::size_t row = 0; row < values.size(); row += columns) {
    const Dual<T> sum = sum_of_products(known + row, dz + row, columns);
    for (std::size_t j = row; j < row + columns; ++j) {
      dl[j] = dz[j] - sum;
    }
  }
}

template void softmax(const Array<Dual<Dual<double>>>&, Array<Dual<Dual<double>>>&);
template Dual<Dual<double>> softmax_with_loss(const Array<Dual<Dual<double>>>&,
                                              std::span<const std::uint32_t>,
                                              Array<Dual<Dual<double>>>&, double);
template void log_softmax(const Array<Dual<Dual<double>>>&, Array<Dual<Dual<double>>>&);

}  // namespace xtape
