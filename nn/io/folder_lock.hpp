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
/// file stays in the folder. The system releases the lock when the process ends in any way. Forked
/// children do not have the lock.
class FolderLock {
 public:
  /// Waits until the lock is free. Calls `waiting`, which may throw, ten times a second. Throws
  /// DataError if the folder cannot be locked, and NoLocks if its file system has no locks.
  FolderLock(const std::filesystem::path& folder, const std::function<void()>& waiting);

  /// Releases the lock.
  ~FolderLock();

  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  /// Throws DataError if the file of the lock was removed or replaced, so that others can lock the
  /// folder, too.
  void require_in_place() const;

 private:
  AppendFile file_;
  int owner_;  // the process
};

}  // namespace xtape::nn
