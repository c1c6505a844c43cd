#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "autograd/tape.hpp"

namespace xtape::detail {

/// Returns the axes in `mask` as a list on the tape, for an Attribute.
template <class T>
std::span<const std::uint32_t> keep_axes(Tape<T>& tape, std::uint64_t mask) {
  const auto axes =
      tape.template keep<std::uint32_t>(static_cast<std::size_t>(std::popcount(mask)));
  for (std::uint32_t& axis : axes) {
    axis = static_cast<std::uint32_t>(std::countr_zero(mask));
    mask &= mask - 1;
  }
  return axes;
}

}  // namespace xtape::detail
