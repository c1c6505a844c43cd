#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>

#include "tests/support/temporary_folder.hpp"

/// Returns the bytes of a safetensors file with this header, which may be invalid, and `data` after
/// it.
inline std::string safetensors_bytes(std::string_view header, std::string_view data = {}) {
  const std::uint64_t length = header.size();
  std::string bytes(reinterpret_cast<const char*>(&length), sizeof length);
  return bytes.append(header).append(data);
}

/// Writes a safetensors file with this header, and `size` zero bytes after it.
inline std::filesystem::path write_unsound(const TemporaryFolder& folder, std::string_view header,
                                           std::size_t size = 0) {
  return folder.write("file", safetensors_bytes(header, std::string(size, '\0')));
}

/// Returns where the bytes of the tensors begin in a safetensors file.
inline std::size_t header_end(const std::string& file) {
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof length);
  return sizeof length + length;
}

/// Returns the bytes with one bit of byte `i` flipped, a different one in each byte.
inline std::string flipped(std::string bytes, std::size_t i) {
  bytes[i] = static_cast<char>(bytes[i] ^ (1 << i % 8));
  return bytes;
}

inline std::string repeat(const std::string& text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) {
    result += text;
  }
  return result;
}

/// Returns as many header entries, with unique keys, as fit in `size` bytes.
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
