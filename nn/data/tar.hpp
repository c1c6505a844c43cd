#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "nn/data/gzip.hpp"

namespace xtape::nn::detail {

/// The header of a member of a tar archive.
struct TarMember {
  std::string name;        ///< The name, for comparisons and messages. Never use it as a path.
  std::uint64_t size = 0;  ///< The number of bytes.
  bool is_file = false;    ///< True for a file. False for a folder, a link or anything else.
};

/// The members of a tar archive that is compressed by gzip, one after the other. The reader knows
/// the formats of POSIX (ustar), of GNU and of Unix version 7. It writes nothing to the disk.
///
/// pax and GNU store additional headers as members of their own. next() returns them with `is_file`
/// false.
///
/// Each function throws DataError, with the name of the archive, if the archive is damaged, cut
/// short, or longer than the limit.
class TarReader {
 public:
  /// Begins before the first member. The reader refers to the file. `limit` is the greatest size of
  /// the whole unpacked archive.
  TarReader(const InputFile& file, std::uint64_t limit);

  /// Goes to the next member, and skips the unread bytes of the current one. Returns nothing after
  /// the last member. The whole archive has then been read and checked.
  std::optional<TarMember> next();

  /// Reads the next bytes of the member until `out` is full. Throws ValueError if the member has
  /// fewer.
  void read(std::span<std::uint8_t> out);

 private:
  void take(std::span<std::uint8_t> out);
  void skip(std::uint64_t count);
  void finish();

  GzipReader archive_;
  std::uint64_t limit_;
  std::uint64_t at_ = 0;       // bytes that were unpacked
  std::uint64_t left_ = 0;     // bytes of the member
  std::uint64_t padding_ = 0;  // zeros that follow the member
};

}  // namespace xtape::nn::detail
