#include "nn/io/append_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "tensor/error.hpp"

namespace xtape::nn {

AppendFile::AppendFile(const std::filesystem::path& path)
    // Not blocking: opening a named pipe would wait for its other end.
    : path_(path),
      descriptor_(::open(path_.c_str(),
                         O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0666)) {
  if (descriptor_ < 0) {
    fail("open");
  }
  try {
    require_own();
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

AppendFile::~AppendFile() { ::close(descriptor_); }

void AppendFile::require_own() const {
  struct stat status {};
  xtape::require<xtape::DataError>(::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode),
                                   "{}: is not a regular file", path_.string());
  xtape::require<xtape::DataError>(status.st_uid == ::geteuid() && status.st_nlink == 1,
                                   "{}: belongs to somebody else or has other names: remove it",
                                   path_.string());
}

std::uint64_t AppendFile::size() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) {
    fail("read");
  }
  return static_cast<std::uint64_t>(status.st_size);
}

void AppendFile::write(std::span<const std::uint8_t> bytes) const {
  while (!bytes.empty()) {
    const auto count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      fail("write");
    }
  }
}

void AppendFile::truncate() const {
  if (::ftruncate(descriptor_, 0) != 0) {
    fail("empty");
  }
}

void AppendFile::fail(const char* action) const {
  xtape::fail<xtape::DataError>("{}: cannot {}: {}", path_.string(), action,
                                std::generic_category().message(errno));
}

}  // namespace xtape::nn
