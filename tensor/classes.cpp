#include "tensor/classes.hpp"

#include <cmath>

#include "tensor/error.hpp"

namespace xtape {

template <class T>
void detail::require_logits(const char* operation, const Array<T>& logits) {
  require_whole(operation, logits);
  require<ShapeError>(logits.dimension() == 2 && logits.shape()[1] > 0,
                      "{}: expected logits (batch, classes) with at least one class, got {}",
                      operation, logits.shape());
}

void detail::require_classes(const char* operation, Indices labels, std::size_t classes,
                             std::optional<std::int64_t> ignored) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    // A negative label becomes a huge one.
    require<ValueError>(static_cast<std::uint64_t>(labels[i]) < classes || labels[i] == ignored,
                        "{}: label {} of row {} is not one of the {} classes", operation,
                        labels.text(i), i, classes);
  }
}

template <class T>
std::size_t detail::predicted_class(const Array<T>& logits, std::size_t row) {
  const std::size_t classes = logits.shape()[1];
  const T* z = logits.data() + row * classes;
  std::size_t best = 0;
  for (std::size_t j = 1; j < classes && !std::isnan(z[best]); ++j) {
    if (z[j] > z[best] || std::isnan(z[j])) {
      best = j;
    }
  }
  return best;
}

template <class T>
Array<T> one_hot(Indices labels, std::size_t classes) {
  detail::require_classes("one_hot", labels, classes);
  Array<T> rows;
  Shape shape(labels.extents().begin(), labels.extents().end());
  shape.push_back(classes);
  resize(rows, shape, "one_hot");
  rows.fill(T(0));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    rows.data()[i * classes + static_cast<std::size_t>(labels[i])] = T(1);
  }
  return rows;
}

#define XTAPE_INSTANTIATE(T)                                                  \
  template void detail::require_logits(const char*, const Array<T>&);         \
  template std::size_t detail::predicted_class(const Array<T>&, std::size_t); \
  template Array<T> one_hot(Indices, std::size_t)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
