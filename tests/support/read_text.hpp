#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

/// Returns the content of a file, which is empty if there is no such file.
inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
