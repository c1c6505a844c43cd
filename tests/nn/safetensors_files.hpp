#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "tests/temporary_folder.hpp"

/// The bytes of a safetensors file with this header, which may be unsound, and `data` after it.
inline std::string safetensors_bytes(std::string_view header, std::string_view data = {}) {
  const std::uint64_t length = header.size();
  std::string bytes(reinterpret_cast<const char*>(&length), sizeof length);
  return bytes.append(header).append(data);
}

/// Writes such a file, whose data are `size` bytes 0.
inline std::filesystem::path write_unsound(const TemporaryFolder& folder, std::string_view header,
                                           std::size_t size = 0) {
  return folder.write("file", safetensors_bytes(header, std::string(size, '\0')));
}
