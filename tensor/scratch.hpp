#pragma once

#include <utility>

/// @file
/// Memory that a thread uses again.

namespace xtape {

/// Returns an object that this thread keeps from call to call, for its memory. `Tag` tells apart
/// objects of one type.
///
/// The object is destroyed when the thread ends. For the main thread, that is before static objects
/// are destroyed and before the functions that std::atexit() has registered. If one of them calls
/// xtape, the thread gets another object, which stays until the process ends.
template <class T, class Tag>
T& scratch() {
  static thread_local T* object = nullptr;
  struct Owner {
    ~Owner() { delete std::exchange(object, nullptr); }
  };
  if (object == nullptr) {
    object = new T;
    [[maybe_unused]] static thread_local Owner owner;
  }
  return *object;
}

}  // namespace xtape
