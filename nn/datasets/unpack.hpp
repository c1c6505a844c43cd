#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "tensor/error.hpp"

namespace xtape::nn::datasets {

/// Content that is no content: a gzip file that is cut short, whose checksum is wrong, or that
/// unpacks to more than it should.
class Damaged : public xtape::DataError {
 public:
  using DataError::DataError;
};

/// What a file holds, unpacked when it is compressed by gzip.
struct Content {
  std::uint64_t bytes;
  std::string sha256;
};

/// Reads a file, raw or compressed by gzip (told apart by the first bytes), and hands what it holds
/// to `take` piece by piece. Throws DataError that names the file when it cannot be read, and
/// Damaged when it is damaged, cut short, or holds more than `limit` bytes: it stops there, so that
/// a small file that unpacks to a huge one costs neither memory nor disk nor time.
Content unpack(const std::filesystem::path& path, std::uint64_t limit,
               const std::function<void(std::span<const std::uint8_t>)>& take);

/// The same, to learn size and digest only.
Content unpack(const std::filesystem::path& path, std::uint64_t limit);

}  // namespace xtape::nn::datasets
