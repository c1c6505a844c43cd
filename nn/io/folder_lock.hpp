#pragma once

#include <filesystem>
#include <functional>

#include "nn/io/file.hpp"
#include "tensor/error.hpp"

namespace xtape::nn {

/// A folder that cannot be locked because its file system has no locks, as some network file
/// systems have none.
class NoLocks : public xtape::DataError {
 public:
  using DataError::DataError;
};

/// What one process at a time may hold of a folder: an advisory lock (flock) on its file `.lock`,
/// which stays there, empty. The system takes it back when the process ends, however it ends.
class FolderLock {
 public:
  /// Waits until the lock is free; calls `waiting` ten times a second, which may throw. Throws
  /// DataError when the folder cannot be locked, NoLocks if that is because of its file system.
  FolderLock(const std::filesystem::path& folder, const std::function<void()>& waiting);

 private:
  File file_;
};

}  // namespace xtape::nn
