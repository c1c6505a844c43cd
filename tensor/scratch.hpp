#pragma once

#include <pthread.h>

#include <new>
#include <utility>

#include "tensor/buffer.hpp"

/// @file
/// Memory that a thread reuses.

namespace xtape {

/// Returns an object that this thread keeps from call to call, to reuse its memory. `Tag`
/// distinguishes objects of one type.
///
/// The object is destroyed when the thread ends, after the thread_local objects. So a destructor of
/// a thread_local object may still call xtape. The object of the main thread is never destroyed,
/// because functions registered by std::atexit() may still call xtape. Throws std::bad_alloc if
/// there is no memory.
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

/// Returns memory for `count` elements that this thread reuses in the next call with the same
/// `Tag`. The elements are not initialised. Memory that is too small is freed first, and replaced
/// by a little more than is asked for. So a count that rises from call to call allocates rarely.
template <class T, class Tag>
T* scratch_elements(std::size_t count) {
  Buffer<T>& memory = scratch<Buffer<T>, Tag>();
  if (memory.size() < count) {
    memory = Buffer<T>();  // resize() alone would copy, and hold both
    memory.resize(count + count / 16);
  }
  return memory.data();
}

}  // namespace xtape
