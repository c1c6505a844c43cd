#include "nn/io/checksum.hpp"

#include <fmt/format.h>
#include <zlib.h>

namespace xtape::nn {

std::string checksum(const NamedBytes& blocks) {
  uLong crc = crc32_z(0, nullptr, 0);
  const auto add = [&](const void* bytes, std::size_t count) {
    if (count > 0) {
      crc = crc32_z(crc, static_cast<const Bytef*>(bytes), count);
    }
  };
  for (const auto& [name, bytes] : blocks) {
    add(name.data(), name.size());
    add(bytes.data(), bytes.size());
  }
  return fmt::format("{:08x}", crc);
}

}  // namespace xtape::nn
