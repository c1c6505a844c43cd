#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "tensor/error.hpp"

namespace xtape::nn::datasets {

/// The error of damaged content: a gzip file that is cut short, has a wrong checksum, or unpacks to
/// more than it should.
class Damaged : public xtape::DataError {
 public:
  using DataError::DataError;
};

/// The content of a file, unpacked if it is gzipped.
struct Content {
  std::uint64_t bytes;  ///< The size.
  std::string sha256;   ///< 64 hexadecimal digits.
};

/// Reads a raw or gzipped file (its first bytes tell which), and passes the content to `take` piece
/// by piece. Throws DataError, with the name of the file, if it cannot be read. Throws Damaged if
/// it is damaged, cut short, or has more than `limit` bytes. It stops at the limit, so a small file
/// that unpacks to a huge one costs no memory, disk or time.
Content unpack(const std::filesystem::path& path, std::uint64_t limit,
               const std::function<void(std::span<const std::uint8_t>)>& take);

/// Reads a file likewise, and returns only size and digest of the content.
Content unpack(const std::filesystem::path& path, std::uint64_t limit);

}  // namespace xtape::nn::datasets
