#include "tensor/array.hpp"

namespace xtape {

void detail::fail_not_whole(const char* operation, const Shape& shape, std::size_t elements) {
  fail<ShapeError>("{}: an array of shape {} holds {} elements instead of {}: was it moved from?",
                   operation, shape, elements, element_count(shape, operation));
}

}  // namespace xtape
