#pragma once

#include <cstddef>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "tensor/buffer.hpp"

namespace xtape {

/// Memory of arrays that are not in use. A sequence of calls that repeats allocates nothing.
template <class T>
class SpareMemory {
 public:
  /// Memory for fewer elements stays where it is, because a search costs more than it saves.
  static constexpr std::size_t least = 1024;

  /// Gives `buffer` the smallest spare memory that holds `size` elements, if its own does not. If
  /// all spare memory is too small, frees the largest. So there are never more blocks than were in
  /// use at once.
  void lend(Buffer<T>& buffer, std::size_t size) {
    if (size < least || buffer.capacity() >= size || spare_.empty()) {
      return;
    }
    const auto place = spare_.lower_bound(size);
    const bool found = place != spare_.end();
    handles_.push_back(spare_.extract(found ? place : std::prev(place)));
    if (found) {
      buffer.swap(handles_.back().mapped());
    } else {
      handles_.back().mapped() = {};
    }
  }

  /// Makes the memory of `buffer` spare. The buffer gets the small memory of one that lend() gave
  /// more, or none.
  void take_back(Buffer<T>& buffer) {
    const std::size_t size = buffer.capacity();
    if (size < least) {
      return;
    }
    const auto place = spare_.lower_bound(size);  // used last: the first to be lent again
    if (handles_.empty()) {
      spare_.emplace_hint(place, size, std::exchange(buffer, {}));
      return;
    }
    handles_.back().key() = size;
    handles_.back().mapped().swap(buffer);
    spare_.insert(place, std::move(handles_.back()));
    handles_.pop_back();
  }

 private:
  using Spare = std::multimap<std::size_t, Buffer<T>>;

  Spare spare_;                                     // by the size of the memory
  std::vector<typename Spare::node_type> handles_;  // for memory that comes back
};

}  // namespace xtape
