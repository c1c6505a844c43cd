#pragma once

#include <pthread.h>

#include <new>
#include <utility>

/// @file
/// Memory that a thread uses again.

namespace xtape {

/// Returns an object that this thread keeps from call to call, for its memory. `Tag` tells apart
/// objects of one type.
///
/// The object is destroyed when the thread ends, after the objects that are thread_local. If one of
/// their destructors calls xtape, it finds the object. That of the main thread is never destroyed,
/// for functions that std::atexit() has registered. Throws std::bad_alloc without memory.
template <class T, class Tag>
T& scratch() {
  static thread_local T* object = nullptr;
  if (object == nullptr) {
    static const pthread_key_t key = [] {
      pthread_key_t made{};
      const auto destroy = [](void*) { delete std::exchange(object, nullptr); };
      if (pthread_key_create(&made, destroy) != 0) {
        throw std::bad_alloc();
      }
      return made;
    }();
    object = new T;
    if (pthread_setspecific(key, object) != 0) {
      delete std::exchange(object, nullptr);
      throw std::bad_alloc();
    }
  }
  return *object;
}

}  // namespace xtape
