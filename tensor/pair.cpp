#include "tensor/pair.hpp"

#include <fmt/format.h>

namespace xtape {

std::string text_of(Pair pair) {
  return pair.height == pair.width ? fmt::format("{}", pair.height)
                                   : fmt::format("({}, {})", pair.height, pair.width);
}

}  // namespace xtape
