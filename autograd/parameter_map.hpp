#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace xtape {

/// A map from the address of a parameter to its node in the current recording. The map is a hash
/// table with open addressing. Entries expire with their recording. So rewinding a tape does not
/// touch the table, and a repeated step does not allocate.
template <class Node>
class ParameterMap {
 public:
  /// Returns the node of `parameter`, or nullptr if this recording has none.
  Node* find(const void* parameter, std::uint64_t recording) const {
    for (std::size_t i = home(parameter); !entries_.empty(); i = (i + 1) & (entries_.size() - 1)) {
      const Entry& entry = entries_[i];
      if (entry.recording != recording) {
        break;
      }
      if (entry.parameter == parameter) {
        return entry.node;
      }
    }
    return nullptr;
  }

  /// Makes room for one insert(). The insert() then cannot fail.
  void make_room(std::uint64_t recording) {
    if (2 * (size_ + 1) > entries_.size()) {
      grow(recording);
    }
  }

  /// Adds a parameter, or replaces the node of a known parameter.
  void insert(const void* parameter, Node* node, std::uint64_t recording) {
    place({parameter, node, recording});
    ++size_;
  }

  /// Makes all entries expire. Call it when a new recording begins.
  void expire() { size_ = 0; }

 private:
  struct Entry {
    const void* parameter = nullptr;
    Node* node = nullptr;
    std::uint64_t recording = 0;
  };

  std::size_t home(const void* parameter) const {
    const auto address = reinterpret_cast<std::uintptr_t>(parameter);
    return (address * 0x9E3779B97F4A7C15u >> 32) & (entries_.size() - 1);  // Fibonacci hashing
  }

  void place(Entry entry) {
    std::size_t i = home(entry.parameter);
    while (entries_[i].recording == entry.recording && entries_[i].parameter != entry.parameter) {
      i = (i + 1) & (entries_.size() - 1);
    }
    entries_[i] = entry;
  }

  void grow(std::uint64_t recording) {
    std::vector<Entry> old(entries_.empty() ? 16 : 2 * entries_.size());
    old.swap(entries_);
    for (const Entry& entry : old) {
      if (entry.recording == recording) {
        place(entry);
      }
    }
  }

  std::vector<Entry> entries_;
  std::size_t size_ = 0;
};

}  // namespace xtape
