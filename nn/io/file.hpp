#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace xtape::nn {

/// A regular file, open as long as the object lives. Errors are DataErrors that name the file and
/// say what the system said.
class File {
 public:
  /// Opens a file to read it.
  static File to_read(const std::filesystem::path& path);

  /// Makes a new file; one of that name is removed first, so that nothing is written through a
  /// link that somebody else has laid.
  static File to_write_new(const std::filesystem::path& path);

  /// Opens a file to read it and to write behind what it holds, or makes it. Refuses links, and
  /// files of other users.
  static File to_append(const std::filesystem::path& path);

  File(File&& other) noexcept;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File();

  int descriptor() const { return descriptor_; }
  const std::filesystem::path& path() const { return path_; }
  std::uint64_t size() const;
  void write(std::span<const std::uint8_t> bytes) const;
  void truncate() const;  ///< Empties the file.
  void sync() const;      ///< Returns when the disk has it.

  [[noreturn]] void fail(const char* action) const;  ///< With the system's reason, errno.

 private:
  File(std::filesystem::path path, int flags);

  std::filesystem::path path_;
  int descriptor_;
};

/// Gives `file` the name `path` for good: synced, renamed over what was there, the folder synced.
/// Whoever opens `path` sees the file that was there before, or all of the new one.
void publish(const File& file, const std::filesystem::path& path);

}  // namespace xtape::nn
