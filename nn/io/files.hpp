#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

/// @file
/// Reading and atomic replacement of files. Each function throws DataError, in one line that names
/// the file and the reason.

namespace xtape::nn {

/// A regular file, opened for reading. The class rejects folders, pipes and devices, because
/// reading a pipe may wait and a device may have no end.
class InputFile {
 public:
  /// Opens the file. Error messages use `wanted` for the expected kind of file, such as "an IDX
  /// file".
  explicit InputFile(const std::filesystem::path& path, std::string_view wanted = "a file");
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  ~InputFile();

  /// Returns the path that the file was opened with.
  const std::string& name() const { return name_; }

  /// Returns the size in bytes when the file was opened.
  std::uint64_t size() const { return size_; }

  /// Reads from `offset` until `out` is full or the file ends. Returns the number of bytes read.
  std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) const;

 private:
  std::string name_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

/// Returns all bytes of a file. Throws DataError if there are more than `limit`.
std::string read_file(const std::filesystem::path& path, std::uint64_t limit);

/// Replaces the content of the file at `path` atomically by `parts`, one after the other. The file
/// need not exist. At any moment, and after a crash, the file has all old bytes or all new bytes.
///
/// The new bytes are written to a new file in the same folder, `.xtape-PROCESS-NUMBER.tmp`, and
/// synced to disk. The new file then replaces the old file and takes its permissions. On failure,
/// the old file is unchanged and the temporary file is removed. The next write into the folder
/// removes the temporary files of killed processes.
///
/// write_file() follows a symbolic link. Throws DataError if the path is not a regular file, such
/// as /dev/null or a folder.
///@{
void write_file(const std::filesystem::path& path, std::span<const std::string_view> parts);
void write_file(const std::filesystem::path& path, std::string_view bytes);
///@}

/// Checks that write_file() could write to `path`. The check creates the temporary file and removes
/// it. Throws DataError, as write_file() does, if the folder is missing or read-only, or if the
/// path is not a file.
void require_writable(const std::filesystem::path& path);

}  // namespace xtape::nn
