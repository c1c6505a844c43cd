#pragma once

#include <filesystem>
#include <functional>
#include <optional>

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
/// children do not have the lock, and do not keep it if the process is killed.
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
  /// folder, too. Throws DataError in a forked child.
  void require_in_place() const;

 private:
  friend class LivingLocks;

  void lock(const std::function<void()>& waiting) const;

  std::filesystem::path path_;
  std::optional<AppendFile> file_;  // a forked child has closed it
};

}  // namespace xtape::nn
