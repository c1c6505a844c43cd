#include "examples/mnist/data/lock.hpp"

#include <sys/file.h>

#include <cerrno>
#include <chrono>
#include <thread>

namespace mnist {

FolderLock::FolderLock(const std::filesystem::path& folder, const std::function<void()>& waiting)
    : file_(File::to_append(folder / ".lock")) {
  while (::flock(file_.descriptor(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      file_.fail("lock");
    }
    waiting();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

}  // namespace mnist
