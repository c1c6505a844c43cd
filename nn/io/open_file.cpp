#include "nn/io/open_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "tensor/error.hpp"

namespace xtape::nn {

namespace fs = std::filesystem;

File::File(fs::path path, int flags)
    // Not blocking: opening a named pipe would wait for its other end.
    : path_(std::move(path)),
      descriptor_(::open(path_.c_str(), flags | O_CLOEXEC | O_NONBLOCK, 0666)) {
  if (descriptor_ < 0) {
    fail("open");
  }
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor_);
    xtape::fail<xtape::DataError>("{}: is no regular file", path_.string());
  }
}

File::File(File&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

File::~File() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

File File::to_read(const fs::path& path) { return {path, O_RDONLY}; }

File File::to_write_new(const fs::path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    xtape::fail<xtape::DataError>("{}: cannot remove: {}", path.string(),
                                  std::generic_category().message(errno));
  }
  return {path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW};
}

File File::to_append(const fs::path& path) {
  File file(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW);
  struct stat status {};
  xtape::require<xtape::DataError>(::fstat(file.descriptor_, &status) == 0 &&
                                       status.st_uid == ::geteuid() && status.st_nlink == 1,
                                   "{}: belongs to somebody else or has other names: remove it",
                                   path.string());
  return file;
}

std::uint64_t File::size() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) {
    fail("read");
  }
  return static_cast<std::uint64_t>(status.st_size);
}

void File::write(std::span<const std::uint8_t> bytes) const {
  while (!bytes.empty()) {
    const auto count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      fail("write");
    }
  }
}

void File::truncate() const {
  if (::ftruncate(descriptor_, 0) != 0) {
    fail("empty");
  }
}

void File::sync() const {
  if (::fsync(descriptor_) != 0) {
    fail("write");
  }
}

void File::fail(const char* action) const {
  xtape::fail<xtape::DataError>("{}: cannot {}: {}", path_.string(), action,
                                std::generic_category().message(errno));
}

void publish(const File& file, const fs::path& path) {
  file.sync();
  std::error_code error;
  fs::rename(file.path(), path, error);
  xtape::require<xtape::DataError>(!error, "{}: cannot rename to {}: {}", file.path().string(),
                                   path.filename().string(), error.message());
  const int folder = ::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {  // where a folder cannot be synced, the file is safe all the same
    ::fsync(folder);
    ::close(folder);
  }
}

}  // namespace xtape::nn
