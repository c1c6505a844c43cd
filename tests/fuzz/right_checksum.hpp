#pragma once

#include "tests/fuzz/fuzz.hpp"
#include "tests/support/right_checksum.hpp"

namespace fuzz {

/// Gives the file its right checksum, if it states one, so that what stands behind the checksum is
/// read, too.
inline void set_right_checksum(const std::filesystem::path& file) {
  std::string right;
  accepts(file, [&] { right = with_right_checksum(file); });
  if (!right.empty()) {
    folder().write(file.filename().string(), right);
  }
}

}  // namespace fuzz
