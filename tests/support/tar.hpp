#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// A member of a tar archive that a test makes.
struct TarEntry {
  std::string name;
  std::string content = {};
  char type = '0';
  std::string magic{'u', 's', 't', 'a', 'r', '\0', '0', '0'};
  std::string prefix = {};
  std::string size = {};  // the digits; empty: the size of the content
};

/// Writes the sum of all bytes, with spaces in its place, into a header of 512 bytes.
inline void set_tar_checksum(std::string& header) {
  header.replace(148, 8, 8, ' ');
  unsigned sum = 0;
  for (const char byte : header) {
    sum += static_cast<unsigned char>(byte);
  }
  header.replace(148, 8, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
}

/// Returns the header of a member.
inline std::string tar_header(const TarEntry& entry) {
  std::string header(512, '\0');
  const auto put = [&](std::size_t at, std::string_view text) {
    header.replace(at, text.size(), text);
  };
  put(0, entry.name);
  put(100, "0000644");
  put(124, entry.size.empty() ? fmt::format("{:011o}", entry.content.size()) : entry.size);
  put(136, "00000000000");
  header[156] = entry.type;
  put(257, entry.magic);
  put(345, entry.prefix);
  set_tar_checksum(header);
  return header;
}

/// Returns the members with their headers, and zeros up to whole blocks of 512 bytes.
inline std::string tar_members(const std::vector<TarEntry>& entries) {
  std::string archive;
  for (const TarEntry& entry : entries) {
    archive += tar_header(entry) + entry.content;
    archive.resize((archive.size() + 511) / 512 * 512);
  }
  return archive;
}

/// Returns a whole archive, which ends with blocks of zeros up to a record of 10,240 bytes.
inline std::string tar(const std::vector<TarEntry>& entries) {
  std::string archive = tar_members(entries);
  archive.resize((archive.size() + 2 * 512 + 10239) / 10240 * 10240);
  return archive;
}
