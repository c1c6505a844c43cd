#pragma once

#include <pthread.h>

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>

/// @file
/// Kernels of oneDNN that are made once. Used by the sources of xtape::onednn.

namespace xtape::onednn {

/// A cache of the kernels made so far, by their geometry. It is never freed, because functions that
/// run at the exit of the program may need it. With `most` entries, the cache begins anew, as in a
/// program with images of many sizes.
template <class Key, class Item, std::size_t most>
class KernelCache {
 public:
  using Made = std::shared_ptr<const Item>;

  /// Call this before there are threads. A process that forks while another thread makes the object
  /// would have a child that waits for that thread for ever.
  static KernelCache& instance() {
    static KernelCache& cache = *new KernelCache;
    // A forked child has a copy of the mutex, but not the thread that may hold it.
    static const int registered = pthread_atfork(
        [] { cache.mutex_.lock(); }, [] { cache.mutex_.unlock(); }, [] { cache.mutex_.unlock(); });
    static_cast<void>(registered);
    return cache;
  }

  /// Returns the item of a key, and makes it the first time.
  template <class Make>
  Made find(const Key& key, Make make) {
    const std::lock_guard lock(mutex_);
    const auto found = made_.find(key);
    if (found != made_.end()) {
      return found->second;
    }
    if (made_.size() >= most) {
      made_.clear();
    }
    return made_[key] = make();
  }

 private:
  std::mutex mutex_;
  std::map<Key, Made> made_;
};

}  // namespace xtape::onednn
