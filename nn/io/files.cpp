#include "nn/io/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "tensor/error.hpp"

namespace xtape::nn {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail_with_errno(const std::string& name, const char* action) {
  fail<DataError>("{}: cannot {}: {}", name, action, std::generic_category().message(errno));
}

/// Repeats a system call while signals interrupt it.
template <class Call>
auto retry(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) {
    result = call();
  }
  return result;
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

/// True for `.xtape-PROCESS-NUMBER.tmp`.
bool is_temporary(std::string_view name) {
  static constexpr std::string_view head = ".xtape-", tail = ".tmp";
  if (!name.starts_with(head) || !name.ends_with(tail)) {
    return false;
  }
  name.remove_prefix(head.size());
  name.remove_suffix(tail.size());
  const auto dash = name.find('-');
  return dash != std::string_view::npos && dash > 0 && dash + 1 < name.size() &&
         name.find_first_not_of("0123456789", 0) == dash &&
         name.find_first_not_of("0123456789", dash + 1) == std::string_view::npos;
}

/// Removes the temporary files of killed processes from a folder. A writer keeps its file locked
/// until it ends, so only unlocked files are removed. Where files cannot be locked, they stay.
void remove_leftovers(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (!is_temporary(entry->path().filename().string())) {
      continue;
    }
    const int file = ::open(entry->path().c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file >= 0) {
      if (::flock(file, LOCK_EX | LOCK_NB) == 0) {
        ::unlink(entry->path().c_str());
      }
      ::close(file);
    }
  }
}

/// Returns the target of a chain of links. The target need not exist.
fs::path follow_links(const fs::path& path) {
  constexpr int most_links = 40;  // the limit of Linux
  fs::path target = path;
  std::error_code error;
  for (int links = 0; fs::is_symlink(target, error); ++links) {
    if (links == most_links) {
      error = std::make_error_code(std::errc::too_many_symbolic_link_levels);
      break;
    }
    target = target.parent_path() / fs::read_symlink(target, error);
  }
  require<DataError>(!error || error == std::errc::no_such_file_or_directory,
                     "{}: cannot write: {}", path.string(), error.message());
  return target;
}

}  // namespace

InputFile::InputFile(const fs::path& path, std::string_view wanted) : name_(path.string()) {
  // Non-blocking, because opening a named pipe would wait for its writer.
  descriptor_ = retry([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); });
  if (descriptor_ < 0) {
    fail_with_errno(name_, "open");
  }
  struct stat status {};
  const bool known = ::fstat(descriptor_, &status) == 0;
  if (!known || !S_ISREG(status.st_mode)) {
    ::close(descriptor_);
    fail<DataError>("{}: is {}, expected {}", name_,
                    known && S_ISDIR(status.st_mode) ? "a folder" : "not a regular file", wanted);
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

InputFile::~InputFile() { ::close(descriptor_); }

std::size_t InputFile::read_at(std::uint64_t offset, std::span<std::byte> out) const {
  std::size_t done = 0;
  while (done < out.size()) {
    const auto count = retry([&] {
      return ::pread(descriptor_, out.data() + done, out.size() - done,
                     static_cast<off_t>(offset + done));
    });
    if (count < 0) {
      fail_with_errno(name_, "read");
    }
    if (count == 0) {
      break;
    }
    done += static_cast<std::size_t>(count);
  }
  return done;
}

std::string read_file(const fs::path& path, std::uint64_t limit) {
  const InputFile file(path);
  require<DataError>(file.size() <= limit, "{}: is {} bytes, expected at most {}", file.name(),
                     file.size(), limit);
  std::string bytes(static_cast<std::size_t>(file.size()), '\0');
  const std::size_t count = file.read_at(0, std::as_writable_bytes(std::span(bytes)));
  require<DataError>(count == bytes.size(), "{}: ended after {} of its {} bytes", file.name(),
                     count, bytes.size());
  return bytes;
}

OutputFile::OutputFile(const fs::path& target) : target_(target), name_(target.string()) {
  struct stat old {};
  const bool exists = ::stat(target.c_str(), &old) == 0;
  require<DataError>(!exists || S_ISREG(old.st_mode), "{}: cannot write: it is {}", name_,
                     S_ISDIR(old.st_mode) ? "a folder" : "not a regular file");
  remove_leftovers(folder_of(target));
  do {
    create(exists ? 0600 : 0666);
  } while (!lock());
  if (exists) {
    ::fchmod(descriptor_, old.st_mode & 0777);  // some file systems have no permissions
  }
}

OutputFile::~OutputFile() { discard(); }

void OutputFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = retry([&] { return ::write(descriptor_, bytes.data(), bytes.size()); });
    if (count < 0) {
      fail_with_errno(name_, "write");
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void OutputFile::commit() {
  if (retry([&] { return ::fsync(descriptor_); }) != 0) {
    fail_with_errno(name_, "write");
  }
  if (::rename(path_.c_str(), target_.c_str()) != 0) {
    fail_with_errno(name_, "replace");
  }
  path_.clear();
  ::close(std::exchange(descriptor_, -1));
  sync_folder();
}

/// Creates the file. O_EXCL: it never opens a file or link that somebody else put there.
void OutputFile::create(unsigned mode) {
  static std::atomic<unsigned> counter = 0;
  do {
    path_ = folder_of(target_) / fmt::format(".xtape-{}-{}.tmp", ::getpid(), counter++);
    descriptor_ =
        retry([&] { return ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode); });
  } while (descriptor_ < 0 && errno == EEXIST);
  if (descriptor_ < 0) {
    fail_with_errno(name_, "create a file beside it");
  }
}

/// Locks the file, so that it is not a leftover. If another process has already removed it as one,
/// closes it and returns false.
bool OutputFile::lock() {
  struct stat status {};
  const bool taken = ::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  if (!taken && (::fstat(descriptor_, &status) != 0 || status.st_nlink > 0)) {
    return true;
  }
  ::close(std::exchange(descriptor_, -1));
  return false;
}

/// Syncs the folder. Before that, a power cut may bring the old file back. Some file systems cannot
/// sync a folder.
void OutputFile::sync_folder() const {
  const int folder =
      retry([&] { return ::open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (folder < 0) {
    return;  // a folder with write permission but no read permission
  }
  const bool synced = retry([&] { return ::fsync(folder); }) == 0 || errno != EIO;
  const int reason = errno;
  ::close(folder);
  if (!synced) {
    errno = reason;
    fail_with_errno(name_, "sync its folder");
  }
}

void OutputFile::discard() {
  if (descriptor_ >= 0) {
    ::close(std::exchange(descriptor_, -1));
  }
  if (!path_.empty()) {
    ::unlink(path_.c_str());
  }
}

void write_file(const fs::path& path, std::span<const std::string_view> parts) {
  OutputFile file(follow_links(path));
  for (const std::string_view part : parts) {
    file.write(part);
  }
  file.commit();
}

void require_writable(const fs::path& path) { const OutputFile file(follow_links(path)); }

void write_file(const fs::path& path, std::string_view bytes) {
  write_file(path, std::span(&bytes, 1));
}

}  // namespace xtape::nn
