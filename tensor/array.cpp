#include "tensor/array.hpp"

namespace xtape {

void detail::fail_not_whole(const char* operation, const Shape& shape, std::size_t elements) {
  const std::size_t count = element_count(shape, operation);
  require<ShapeError>(elements != count, "{}: the array was moved from", operation);
  fail<ShapeError>("{}: an array of shape {} holds {} elements instead of {}: was it moved from?",
                   operation, shape, elements, count);
}

}  // namespace xtape
