#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "tests/support/temporary_folder.hpp"

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

inline std::string repeat(const std::string& text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) {
    result += text;
  }
  return result;
}

/// Entries of a header, each with a key of its own, as many as fit in `size` bytes.
inline std::string many_tensors(std::size_t size) {
  std::string result;
  for (int i = 0; result.size() + 70 < size; ++i) {
    result += fmt::format(R"("{}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}},)", i);
  }
  return result;
}
inline std::string many_texts(std::size_t size) {
  std::string result;
  for (int i = 0; result.size() + 20 < size; ++i) {
    result += fmt::format(R"("{}":"",)", i);
  }
  return result;
}
