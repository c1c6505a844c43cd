#include "nn/io/folder_lock.hpp"

#include <sys/file.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>

namespace xtape::nn {

FolderLock::FolderLock(const std::filesystem::path& folder, const std::function<void()>& waiting)
    : file_(folder / ".lock") {
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

}  // namespace xtape::nn
