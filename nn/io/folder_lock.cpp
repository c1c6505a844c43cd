#include "nn/io/folder_lock.hpp"

#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>

namespace xtape::nn {

FolderLock::FolderLock(const std::filesystem::path& folder, const std::function<void()>& waiting)
    : file_(folder / ".lock"), owner_(::getpid()) {
  while (::flock(file_.descriptor(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == ENOLCK || errno == ENOSYS || errno == EOPNOTSUPP) {
      xtape::fail<NoLocks>("{}: cannot lock: {}", file_.path().string(),
                           std::generic_category().message(errno));
    }
    if (errno == EWOULDBLOCK) {
      waiting();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    } else if (errno != EINTR) {
      file_.fail("lock");
    }
  }
}

FolderLock::~FolderLock() {
  if (owner_ == ::getpid()) {  // a forked child, which has the file open, must not keep the lock
    ::flock(file_.descriptor(), LOCK_UN);
  }
}

void FolderLock::require_in_place() const {
  struct stat locked {
  }, named{};
  require<DataError>(::fstat(file_.descriptor(), &locked) == 0 &&
                         ::stat(file_.path().c_str(), &named) == 0 &&
                         locked.st_ino == named.st_ino && locked.st_dev == named.st_dev,
                     "{}: was removed while this run had locked its folder", file_.path().string());
}

}  // namespace xtape::nn
