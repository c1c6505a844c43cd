#pragma once

#include <algorithm>
#include <cstddef>

/// @file
/// Sums of blocks of numbers, added in double precision.

namespace xtape {

/// Computes sums += block.
template <class T>
void add_block(const T* block, std::size_t size, double* sums) {
  std::transform(block, block + size, sums, sums,
                 [](T each, double sum) { return sum + static_cast<double>(each); });
}

/// Computes out += sums, with the sums rounded to T.
template <class T>
void add_rounded(const double* sums, std::size_t size, T* out) {
  std::transform(sums, sums + size, out, out,
                 [](double sum, T old) { return old + static_cast<T>(sum); });
}

}  // namespace xtape
