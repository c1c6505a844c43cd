#include "nn/layers/conv.hpp"

#include <fmt/ranges.h>  // fmt::join

#include <algorithm>

namespace xtape::nn::detail {

bool ConvSizes::has_window() const {
  return std::find(kernel.begin(), kernel.end(), std::size_t{0}) == kernel.end();
}

void ConvSizes::check() const {
  require<ValueError>(in > 0 && out > 0 && has_window() && groups > 0,
                      "{}: expected sizes of at least 1, got {} -> {}, kernel {}, groups {}", layer,
                      in, out, kernel, groups);
  require<ValueError>(in % groups == 0 && out % groups == 0,
                      "{}: {} channels to {} cannot be divided into {} groups", layer, in, out,
                      groups);
}

std::string ConvSizes::text() const {
  if (out == 0 || !has_window()) {
    return layer;  // the weights were moved from
  }
  return fmt::format("{} {} -> {}, {}", layer, in, out, fmt::join(kernel, " x "));
}

void ConvSizes::require_input(const Shape& x) const {
  if (x.size() != kernel.size() + 2 || x.back() != in) [[unlikely]] {
    fail<ShapeError>("{}: expected (batch, {}, {}), got {}", text(),
                     kernel.size() == 1 ? "length" : "height, width", in, x);
  }
}

std::size_t only_extent(const char* option, Pair value) {
  require<ValueError>(value.height == value.width,
                      "Conv1d: expected one number as {}, got ({}, {})", option, value.height,
                      value.width);
  return value.width;
}

}  // namespace xtape::nn::detail
