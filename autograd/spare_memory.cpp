#include "autograd/spare_memory.hpp"

#include <iterator>
#include <utility>

#include "tensor/array.hpp"

namespace xtape {

template <class T>
void SpareMemory<T>::lend_spare(Storage<T>& buffer, std::size_t size) {
  const auto place = spare_.lower_bound(size);
  const bool found = place != spare_.end();
  handles_.push_back(spare_.extract(found ? place : std::prev(place)));
  Storage<T> memory = std::exchange(handles_.back().mapped(), {});
  if (found) {
    buffer = std::move(memory);
  }
}

template <class T>
void SpareMemory<T>::make_spare(Storage<T>& buffer) {
  const std::size_t size = buffer.capacity();
  const auto place = spare_.lower_bound(size);  // used last: the first to be lent again
  if (handles_.empty()) {
    spare_.emplace_hint(place, size, std::exchange(buffer, {}));
    if (handles_.capacity() < spare_.size()) {
      handles_.reserve(2 * spare_.size());  // lend() allocates nothing
    }
    return;
  }
  handles_.back().key() = size;
  handles_.back().mapped() = std::exchange(buffer, {});
  spare_.insert(place, std::move(handles_.back()));
  handles_.pop_back();
}

#define XTAPE_INSTANTIATE(T) template class SpareMemory<T>
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
