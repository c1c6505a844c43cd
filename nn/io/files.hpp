#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

/// @file
/// Files read and written so that nothing is lost. Each function throws DataError, one line that
/// names the file and the reason.

namespace xtape::nn {

/// A regular file opened for reading. Anything else is refused: a folder, a pipe that would wait
/// for its writer, a device without an end.
class InputFile {
 public:
  /// `wanted` says in errors what was expected: "an IDX file".
  explicit InputFile(const std::filesystem::path& path, std::string_view wanted = "a file");
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  ~InputFile();

  /// The path it was opened with.
  const std::string& name() const { return name_; }

  /// Its size in bytes when it was opened.
  std::uint64_t size() const { return size_; }

  /// Reads at `offset` until `out` is full or the file ends; the number of bytes read.
  std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) const;

 private:
  std::string name_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

/// All bytes of a file, which may have at most `limit` of them.
std::string read_file(const std::filesystem::path& path, std::uint64_t limit);

/// Makes `parts`, one after the other, the content of the file at `path`, which need not exist. At
/// any moment, and after a crash, the file holds all of the old bytes or all of the new ones: they
/// go to a new file in the same folder, `.xtape-PROCESS-NUMBER.tmp`, which is synced to the disk
/// and takes the old one's place and permissions. A failure leaves the old file alone and removes
/// the temporary one; what a process that was killed has left behind is removed by the next write
/// into the folder.
///
/// A symbolic link is followed. A path that is something else than a file (/dev/null, a folder) is
/// refused.
///@{
void write_file(const std::filesystem::path& path, std::span<const std::string_view> parts);
void write_file(const std::filesystem::path& path, std::string_view bytes);
///@}

/// Throws what write_file() would if it can be told beforehand: the folder is missing or read only,
/// the path is no file. It makes the temporary file and removes it.
void require_writable(const std::filesystem::path& path);

}  // namespace xtape::nn
