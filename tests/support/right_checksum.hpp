#pragma once

#include <filesystem>
#include <string>

#include "nn/io/checksum.hpp"
#include "nn/io/files.hpp"

/// Returns the bytes of a safetensors file with the right checksum in place of the one that its
/// metadata have, so that what stands behind the checksum is read, too. Returns an empty string if
/// they have none.
inline std::string with_right_checksum(const std::filesystem::path& path) {
  namespace nn = xtape::nn;
  const nn::SafetensorsFile file(path);
  const auto stated = file.metadata().find(nn::checksum_key);
  const std::string right = nn::checksum(file);
  std::string bytes = nn::read_file(path, std::size_t{1} << 30);
  const std::size_t place =
      stated == file.metadata().end() ? std::string::npos : bytes.find(stated->second);
  if (place == std::string::npos || stated->second.size() != right.size()) {
    return {};
  }
  return bytes.replace(place, right.size(), right);
}
