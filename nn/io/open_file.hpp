#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace xtape::nn {

/// A regular file that is open for the lifetime of the object. The functions throw DataError, with
/// the name of the file and the system's reason.
class File {
 public:
  /// Opens a file for reading.
  static File to_read(const std::filesystem::path& path);

  /// Creates a new file for writing. First, the function removes any file of that name. So it never
  /// writes through a link that someone else has made.
  static File to_write_new(const std::filesystem::path& path);

  /// Opens a file for reading and appending, or creates it. Throws DataError for links and for
  /// files of other users.
  static File to_append(const std::filesystem::path& path);

  /// Moves an open file.
  File(File&& other) noexcept;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File();

  /// Returns the descriptor of the open file.
  int descriptor() const { return descriptor_; }
  /// Returns the path that the file was opened with.
  const std::filesystem::path& path() const { return path_; }
  /// Returns the current size in bytes.
  std::uint64_t size() const;
  /// Writes all bytes at the current position.
  void write(std::span<const std::uint8_t> bytes) const;
  void truncate() const;  ///< Empties the file.
  void sync() const;      ///< Returns when the data are on the disk.

  [[noreturn]] void fail(const char* action) const;  ///< Throws DataError with errno's reason.

 private:
  File(std::filesystem::path path, int flags);

  std::filesystem::path path_;
  int descriptor_;
};

/// Renames `file` to `path` atomically: it syncs the file, renames it, and syncs the folder. A
/// program that opens `path` gets the complete old file or the complete new file.
void publish(const File& file, const std::filesystem::path& path);

}  // namespace xtape::nn
