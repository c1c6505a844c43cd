#include "nn/layers/conv.hpp"

#include <fmt/format.h>

namespace xtape::nn::detail {
namespace {

bool is_sequence(const ConvSizes& sizes) { return sizes.kernel.height == 0; }

}  // namespace

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
                     is_sequence(*this) ? fmt::format("{}", kernel.width)
                                        : fmt::format("{} x {}", kernel.height, kernel.width));
}

void require_channels(const Shape& x, std::size_t rank, std::size_t in, const std::string& layer) {
  if (x.size() != rank || x.back() != in) [[unlikely]] {
    fail<ShapeError>("{}: expected (batch, {}, {}), got {}", layer,
                     rank == 3 ? "length" : "height, width", in, x);
  }
}

}  // namespace xtape::nn::detail
