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

  /// Returns the descriptor of the open file.
  int descriptor() const { return descriptor_; }

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

/// New content for a file. commit() replaces the file atomically. Without commit(), the file is
/// unchanged.
///
/// The new bytes are written to a new file in the same folder, `.xtape-PROCESS-NUMBER.tmp`. On
/// commit(), the new file is synced to disk, replaces the old file, and takes its permissions. At
/// any moment, and after a crash, the file has all old bytes or all new bytes. On failure, the new
/// file is removed. The next write into the folder removes the new files of killed processes.
class OutputFile {
 public:
  /// Creates the new file. The file at `target` need not exist. If it is a link, commit() replaces
  /// the link. Throws DataError if `target` is not a regular file, such as /dev/null or a folder.
  explicit OutputFile(const std::filesystem::path& target);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();

  /// Appends bytes to the new content.
  void write(std::string_view bytes);

  /// Replaces the file. Call commit() once, after all writes.
  void commit();

 private:
  void create(unsigned mode);
  bool lock();
  void sync_folder() const;
  void discard();

  std::filesystem::path target_;
  std::string name_;
  std::filesystem::path path_;  // of the new file
  int descriptor_ = -1;
};

/// Replaces the content of the file at `path` atomically by `parts`, one after the other, as
/// OutputFile does. Follows a symbolic link. Throws DataError if the path is not a regular file.
///@{
void write_file(const std::filesystem::path& path, std::span<const std::string_view> parts);
void write_file(const std::filesystem::path& path, std::string_view bytes);
///@}

/// Checks that write_file() could write to `path`. The check creates the temporary file and removes
/// it. Throws DataError, as write_file() does, if the folder is missing or read-only, or if the
/// path is not a file.
void require_writable(const std::filesystem::path& path);

}  // namespace xtape::nn
