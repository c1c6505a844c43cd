#include "nn/io/folder_lock.hpp"

#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>

namespace xtape::nn {

/// The locks of this process. flock() locks an open file, which a forked child has open, too. So
/// the child closes the files. Otherwise, a child whose parent was killed would keep the folder
/// locked.
class LivingLocks {
 public:
  static LivingLocks& instance() {
    static LivingLocks& locks = *new LivingLocks;  // a lock may outlive other static objects
    static const int registered =
        pthread_atfork([] { locks.mutex_.lock(); }, [] { locks.mutex_.unlock(); },
                       [] {
                         locks.close_all();
                         locks.mutex_.unlock();
                       });
    static_cast<void>(registered);
    return locks;
  }

  /// Opens the file of a lock. No child is forked between this and the entry.
  void open(FolderLock& lock) {
    const std::lock_guard guard(mutex_);
    const auto entry = locks_.insert(&lock).first;
    try {
      lock.file_.emplace(lock.path_);
    } catch (...) {
      locks_.erase(entry);
      throw;
    }
  }

  void close(FolderLock& lock) {
    const std::lock_guard guard(mutex_);
    locks_.erase(&lock);
    if (lock.file_) {
      ::flock(lock.file_->descriptor(), LOCK_UN);  // a new child may not have closed it yet
    }
    lock.file_.reset();
  }

 private:
  void close_all() {
    for (FolderLock* lock : locks_) {
      lock->file_.reset();
    }
    locks_.clear();
  }

  std::mutex mutex_;
  std::set<FolderLock*> locks_;
};

namespace {

/// Made before there are threads. See SharedPages in tensor/buffer.cpp.
[[maybe_unused]] const LivingLocks& made_early = LivingLocks::instance();

}  // namespace

FolderLock::FolderLock(const std::filesystem::path& folder, const std::function<void()>& waiting)
    : path_(folder / ".lock") {
  LivingLocks::instance().open(*this);
  try {
    lock(waiting);
  } catch (...) {
    LivingLocks::instance().close(*this);
    throw;
  }
}

FolderLock::~FolderLock() { LivingLocks::instance().close(*this); }

void FolderLock::lock(const std::function<void()>& waiting) const {
  while (::flock(file_->descriptor(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == ENOLCK || errno == ENOSYS || errno == EOPNOTSUPP) {
      xtape::fail<NoLocks>("{}: cannot lock: {}", path_.string(),
                           std::generic_category().message(errno));
    }
    if (errno == EWOULDBLOCK) {
      waiting();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    } else if (errno != EINTR) {
      file_->fail("lock");
    }
  }
}

void FolderLock::require_in_place() const {
  require<DataError>(file_.has_value(), "{}: is locked by the process that forked this one",
                     path_.string());
  struct stat locked {
  }, named{};
  require<DataError>(::fstat(file_->descriptor(), &locked) == 0 &&
                         ::stat(path_.c_str(), &named) == 0 && locked.st_ino == named.st_ino &&
                         locked.st_dev == named.st_dev,
                     "{}: was removed while this run had locked its folder", path_.string());
}

}  // namespace xtape::nn
