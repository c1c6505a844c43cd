#pragma once

#include <filesystem>
#include <functional>

#include "examples/mnist/data/file.hpp"

namespace mnist {

/// What one process at a time may hold of a folder: an advisory lock (flock) on its file `.lock`,
/// which stays there, empty. The system takes it back when the process ends, however it ends.
class FolderLock {
 public:
  /// Waits until the lock is free; calls `waiting` ten times a second, which may throw. Throws
  /// DataError when the folder cannot be locked.
  FolderLock(const std::filesystem::path& folder, const std::function<void()>& waiting);

 private:
  File file_;
};

}  // namespace mnist
