#include "nn/layers/conv.hpp"

#include <fmt/format.h>

namespace xtape::nn::detail {

void ConvSizes::check() const {
  require<ValueError>(in > 0 && out > 0 && kernel.width > 0 && groups > 0 &&
                          (kernel.height > 0 || std::string_view(layer) == "Conv1d"),
                      "{}: expected sizes of at least 1, got {} -> {}, kernel ({}, {}), groups {}",
                      layer, in, out, kernel.height, kernel.width, groups);
  require<ValueError>(in % groups == 0 && out % groups == 0,
                      "{}: {} channels to {} cannot be divided into {} groups", layer, in, out,
                      groups);
}

std::string ConvSizes::text() const {
  if (out == 0 || kernel.width == 0) {
    return layer;  // the weights were moved from
  }
  return fmt::format("{} {} -> {}, {}", layer, in, out,
                     kernel.height == 0 ? fmt::format("{}", kernel.width)
                                        : fmt::format("{} x {}", kernel.height, kernel.width));
}

void ConvSizes::require_input(const Shape& x) const {
  const bool sequence = std::string_view(layer) == "Conv1d";
  if (x.size() != (sequence ? 3 : 4) || x.back() != in) [[unlikely]] {
    fail<ShapeError>("{}: expected (batch, {}, {}), got {}", text(),
                     sequence ? "length" : "height, width", in, x);
  }
}

}  // namespace xtape::nn::detail
