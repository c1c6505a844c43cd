#include "tensor/kernels/logsumexp.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "tensor/assign.hpp"
#include "tensor/kernels/reduce.hpp"
#include "tensor/scratch.hpp"

namespace xtape {
namespace {

/// Returns e^(in(o, a, i) - y(o, i)) in memory that the thread reuses.
template <class T>
Array<T>& exp_of_difference(const T* in, const T* y, const AxisBlocks& blocks) {
  const std::size_t outer = blocks.outer, extent = blocks.extent, inner = blocks.inner;
  Array<T>& powers = scratch<Array<T>, struct DifferencePowers>();
  resize(powers, Shape{outer, extent, inner});
  T* out = powers.data();
  for (std::size_t o = 0; o < outer; ++o, y += inner) {
    if (inner == 1) {
      const T subtrahend = *y;
#pragma omp simd
      for (std::size_t a = 0; a < extent; ++a) {
        out[a] = in[a] - subtrahend;
      }
    } else {
      for (std::size_t a = 0; a < extent; ++a) {
#pragma omp simd
        for (std::size_t i = 0; i < inner; ++i) {
          out[a * inner + i] = in[a * inner + i] - y[i];
        }
      }
    }
    in += extent * inner;
    out += extent * inner;
  }
  assign_into(powers, xt::exp(powers));
  return powers;
}

}  // namespace

template <class T>
void reduce_logsumexp(const T* in, std::size_t outer, std::size_t extent, std::size_t inner,
                      T* out) {
  const std::size_t count = outer * inner;
  if (extent == 0 || count == 0) {
    std::fill_n(out, count, -std::numeric_limits<T>::infinity());
    return;
  }
  reduce_max(in, outer, extent, inner, out);
  // Infinity minus infinity would be NaN.
  std::replace_if(
      out, out + count, [](T largest) { return std::isinf(largest); }, T(0));
  const Array<T>& powers = exp_of_difference(in, out, {outer, extent, inner});
  T* const sums = scratch_elements<T, struct LogSums>(count);
  reduce_sum(powers, 0b010, T(1), T(0), sums);
  for (std::size_t i = 0; i < count; ++i) {
    out[i] += std::log(sums[i]);
  }
}

template <class T>
void add_exp_of_difference(const T* in, const T* y, const T* factor, const AxisBlocks& blocks,
                           T* out) {
  const auto& [outer, extent, inner] = blocks;
  if (inner == 0) {
    return;  // returns at once, however many empty blocks there are
  }
  const T* power = exp_of_difference(in, y, blocks).data();
  for (std::size_t o = 0; o < outer; ++o, factor += inner) {
    for (std::size_t a = 0; a < extent; ++a, out += inner, power += inner) {
      for (std::size_t i = 0; i < inner; ++i) {
        out[i] += factor[i] * power[i];
      }
    }
  }
}

template <class T>
void reduce_logsumexp(DualPointer<const T> in, std::size_t outer, std::size_t extent,
                      std::size_t inner, DualPointer<T> out) {
  reduce_logsumexp(in.value, outer, extent, inner, out.value);
  std::fill_n(out.tangent, outer * inner, T(0));
  if (inner == 0) {
    return;  // returns at once, however many empty blocks there are
  }
  if constexpr (is_dual<T>) {
    for (std::size_t k = 0; k < outer * extent * inner; ++k) {
      const std::size_t place = k / (extent * inner) * inner + k % inner;
      out.tangent[place] += exp(in.value[k] - T(out.value[place])) * in.tangent[k];
    }
  } else {
    Array<T>& terms = exp_of_difference<T>(in.value, out.value, {outer, extent, inner});
    std::transform(terms.begin(), terms.end(), in.tangent, terms.begin(), std::multiplies<T>());
    reduce_sum(terms, 0b010, T(1), T(0), out.tangent);
  }
}

template <class T>
void add_exp_of_difference(DualPointer<const T> in, DualPointer<const T> y,
                           DualPointer<const T> factor, const AxisBlocks& blocks,
                           DualPointer<T> out) {
  add_exp_of_difference(in.value, y.value, factor.value, blocks, out.value);
  const auto& [outer, extent, inner] = blocks;
  if (inner == 0) {
    return;  // returns at once, however many empty blocks there are
  }
  if constexpr (is_dual<T>) {
    for (std::size_t k = 0; k < outer * extent * inner; ++k) {
      const std::size_t place = k / (extent * inner) * inner + k % inner;
      const T difference = in.tangent[k] - y.tangent[place];
      out.tangent[k] += exp(in.value[k] - y.value[place]) *
                        (factor.tangent[place] + factor.value[place] * difference);
    }
  } else {
    const T* power = exp_of_difference(in.value, y.value, blocks).data();
    const T* slope = in.tangent;
    T* result = out.tangent;
    for (std::size_t line = 0; line < outer * extent; ++line) {
      const std::size_t first = line / extent * inner;
      for (std::size_t i = 0; i < inner; ++i) {
        const T difference = slope[i] - y.tangent[first + i];
        result[i] += power[i] * (factor.tangent[first + i] + factor.value[first + i] * difference);
      }
      power += inner, slope += inner, result += inner;
    }
  }
}

#define XTAPE_INSTANTIATE(T)                                                                  \
  template void reduce_logsumexp(const T*, std::size_t, std::size_t, std::size_t, T*);        \
  template void add_exp_of_difference(const T*, const T*, const T*, const AxisBlocks&, T*);   \
  template void reduce_logsumexp(DualPointer<const T>, std::size_t, std::size_t, std::size_t, \
                                 DualPointer<T>);                                             \
  template void add_exp_of_difference(DualPointer<const T>, DualPointer<const T>,             \
                                      DualPointer<const T>, const AxisBlocks&, DualPointer<T>)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

#ifdef XTAPE_NESTED_DUALS
template void reduce_logsumexp(DualPointer<const Dual<double>>, std::size_t, std::size_t,
                               std::size_t, DualPointer<Dual<double>>);
template void add_exp_of_difference(DualPointer<const Dual<double>>,
                                    DualPointer<const Dual<double>>,
                                    DualPointer<const Dual<double>>, const AxisBlocks&,
                                    DualPointer<Dual<double>>);
#endif

}  // namespace xtape
