#include "nn/io/checksum.hpp"

#include <fmt/format.h>
#include <zlib.h>

namespace xtape::nn {

std::string Checksum::text() const {
  uLong checksum = crc32_z(0, nullptr, 0);
  const auto add = [&](const void* bytes, std::size_t count) {
    if (count > 0) {
      checksum = crc32_z(checksum, static_cast<const Bytef*>(bytes), count);
    }
  };
  for (const auto& [name, bytes] : blocks_) {
    add(name.data(), name.size());
    add(bytes.data(), bytes.size());
  }
  return fmt::format("{:08x}", checksum);
}

}  // namespace xtape::nn
