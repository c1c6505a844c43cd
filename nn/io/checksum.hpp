#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace xtape::nn {

/// The CRC-32 of named blocks of bytes, as in gzip files. It detects damage, but not intent.
class Checksum {
 public:
  /// Adds a block. Its name and its bytes must stay valid as long as the object.
  void add(std::string_view name, std::span<const std::byte> bytes) { blocks_[name] = bytes; }

  /// Returns the CRC-32 of all names and bytes, in the order of the names, as 8 hexadecimal digits.
  std::string text() const;

 private:
  std::map<std::string_view, std::span<const std::byte>> blocks_;
};

/// Returns the checksum of a list of TensorView or TensorTarget.
template <class Tensors>
std::string checksum_of(const Tensors& tensors) {
  Checksum checksum;
  for (const auto& tensor : tensors) {
    checksum.add(tensor.key, tensor.bytes);
  }
  return checksum.text();
}

}  // namespace xtape::nn
