#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace xtape::nn {

/// A regular file that is open for appending, such as a download that can be continued. The
/// functions throw DataError, with the name of the file and the system's reason. To replace a file
/// as a whole, see files.hpp.
class AppendFile {
 public:
  /// Opens or creates the file. Throws DataError for links and for files of other users.
  explicit AppendFile(const std::filesystem::path& path);
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;
  ~AppendFile();

  /// Returns the descriptor of the open file.
  int descriptor() const { return descriptor_; }
  /// Returns the path that the file was opened with.
  const std::filesystem::path& path() const { return path_; }
  /// Returns the current size in bytes.
  std::uint64_t size() const;
  /// Appends all bytes.
  void write(std::span<const std::uint8_t> bytes) const;
  void truncate() const;  ///< Empties the file.

  [[noreturn]] void fail(const char* action) const;  ///< Throws DataError with errno's reason.

 private:
  void require_own() const;

  std::filesystem::path path_;
  int descriptor_;
};

}  // namespace xtape::nn
