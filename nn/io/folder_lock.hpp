#pragma once

#include <filesystem>
#include <functional>

#include "nn/io/append_file.hpp"
#include "tensor/error.hpp"

namespace xtape::nn {

/// The error for a folder that cannot be locked, because its file system has no locks. Some network
/// file systems have none.
class NoLocks : public xtape::DataError {
 public:
  using DataError::DataError;
};

/// An exclusive lock on a folder: an advisory lock (flock) on the empty file `.lock` in it. The
/// file stays in the folder. The system releases the lock when the process ends in any way.
class FolderLock {
 public:
  /// Waits until the lock is free. Calls `waiting`, which may throw, ten times a second. Throws
  /// DataError if the folder cannot be locked, and NoLocks if its file system has no locks.
  FolderLock(const std::filesystem::path& folder, const std::function<void()>& waiting);

 private:
  AppendFile file_;
};

}  // namespace xtape::nn
