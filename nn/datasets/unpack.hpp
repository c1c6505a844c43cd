#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "tensor/error.hpp"

namespace xtape::nn::datasets {

/// The error for damaged content, such as a gzip file that is cut short, has a wrong checksum, or
/// unpacks to too many bytes.
class Damaged : public xtape::DataError {
 public:
  using DataError::DataError;
};

/// The content of a file, unpacked if it is gzipped.
struct Content {
  std::uint64_t bytes;  ///< The size.
  std::string sha256;   ///< 64 hexadecimal digits.
};

/// Reads a raw or gzipped file, and passes the content to `take` piece by piece. The first bytes of
/// the file decide if it is gzipped. A gzip file may have several members, and zeros after the last
/// one. Reading stops at `limit` bytes, so a small file that unpacks to a huge one uses little
/// memory, disk and time.
///
/// Throws DataError, with the name of the file, if the file cannot be read. Throws Damaged if it is
/// damaged or cut short, if other bytes follow the gzip data, or if there are more than `limit`
/// bytes.
Content unpack(const std::filesystem::path& path, std::uint64_t limit,
               const std::function<void(std::span<const std::uint8_t>)>& take);

/// Reads a raw or gzipped file, and returns only size and SHA-256 of its content. Throws as the
/// other unpack() does.
Content unpack(const std::filesystem::path& path, std::uint64_t limit);

/// Reads a file as unpack() does, but passes on the bytes of the file itself, gzipped or not.
Content read_packed(const std::filesystem::path& path, std::uint64_t limit,
                    const std::function<void(std::span<const std::uint8_t>)>& take);

}  // namespace xtape::nn::datasets
