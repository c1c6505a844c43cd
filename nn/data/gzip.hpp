#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "nn/io/files.hpp"
#include "tensor/buffer.hpp"
#include "tensor/error.hpp"

namespace xtape::nn::detail {

/// True if the file begins as a gzip file.
bool is_gzip(const InputFile& file);

/// The error for gzip data that are damaged or cut short, in contrast to a file that cannot be
/// read.
class DamagedGzip : public DataError {
 public:
  using DataError::DataError;
};

/// The content of a gzip file (RFC 1952), unpacked piece by piece. If the file has several members,
/// as `cat a.gz b.gz` writes, the content is that of all members one after another. Zeros after the
/// last member are ignored, as gzip does.
///
/// Each function throws DamagedGzip, with the name of the file, if the file is damaged or cut
/// short, or if anything but zeros follows the last member. At the end of each member, zlib
/// compares size and checksum. Throws DataError, with the system's reason, if the file cannot be
/// read.
class GzipReader {
 public:
  /// Begins with the first byte. The reader refers to the file. Throws Error if there is no memory.
  explicit GzipReader(const InputFile& file);
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;
  ~GzipReader();

  /// Unpacks until `out` is full or the content ends. Returns the number of bytes.
  std::size_t read(std::span<std::uint8_t> out);

  /// Checks that no content is left, and that the file is intact up to its end.
  void expect_end();

  /// Returns the name of the file.
  const std::string& name() const { return file_.name(); }

 private:
  struct Stream;

  /// Reads on in the file if the input is used up. Returns false at the end of the file.
  bool refill();

  /// Goes to the next member. Returns false after the last one, at the end of the file.
  bool next_member();

  const InputFile& file_;
  std::uint64_t position_ = 0;
  Buffer<std::uint8_t> input_;
  std::unique_ptr<Stream> stream_;
  bool ended_ = false;
};

}  // namespace xtape::nn::detail
