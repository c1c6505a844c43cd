#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "nn/io/files.hpp"
#include "tensor/buffer.hpp"

namespace xtape::nn::detail {

/// The content of a gzip file (RFC 1952) of one member, unpacked piece by piece. Each function
/// throws DataError, with the name of the file, if the file is damaged or cut short.
class GzipReader {
 public:
  /// Begins with the first byte. The reader refers to the file. Throws Error if there is no memory.
  explicit GzipReader(const InputFile& file);
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;
  ~GzipReader();

  /// Unpacks until `out` is full or the content ends. Returns the number of bytes.
  std::size_t read(std::span<std::uint8_t> out);

  /// Checks that no content and no bytes of the file are left. At the end of the content, zlib
  /// compares size and checksum.
  void expect_end();

  /// Returns the name of the file.
  const std::string& name() const { return file_.name(); }

 private:
  struct Stream;

  void refill();

  const InputFile& file_;
  std::uint64_t position_ = 0;
  Buffer<std::uint8_t> input_;
  std::unique_ptr<Stream> stream_;
  bool ended_ = false;
};

}  // namespace xtape::nn::detail
