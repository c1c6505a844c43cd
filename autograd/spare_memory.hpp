#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "tensor/storage.hpp"

namespace xtape {

/// Memory of arrays that are not in use. A sequence of calls that repeats allocates nothing.
template <class T>
class SpareMemory {
 public:
  /// Memory for fewer elements stays with its array, because a search costs more than it saves.
  static constexpr std::size_t least = 1024;

  /// Gives `buffer` the smallest spare memory that holds `size` elements, if its own does not.
  /// So does a buffer for a small array: it may have given large memory away in the last recording,
  /// and would allocate. If all spare memory is too small, frees the largest. So there are never
  /// more blocks than were in use at once.
  void lend(Storage<T>& buffer, std::size_t size) {
    if (buffer.capacity() < size && !spare_.empty()) {
      lend_spare(buffer, size);
    }
  }

  /// Makes the memory of `buffer` spare and leaves it empty, unless it is for fewer than `least`
  /// elements.
  void take_back(Storage<T>& buffer) {
    if (buffer.capacity() >= least) {
      make_spare(buffer);
    }
  }

  /// Returns the number of spare blocks of memory.
  std::size_t size() const { return spare_.size(); }

 private:
  using Spare = std::multimap<std::size_t, Storage<T>>;

  void lend_spare(Storage<T>& buffer, std::size_t size);
  void make_spare(Storage<T>& buffer);

  Spare spare_;                                     // by the size of the memory
  std::vector<typename Spare::node_type> handles_;  // for memory that comes back
};

extern template class SpareMemory<float>;
extern template class SpareMemory<double>;

}  // namespace xtape
