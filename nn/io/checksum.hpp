#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace xtape::nn {

/// Blocks of bytes by name.
using NamedBytes = std::map<std::string_view, std::span<const std::byte>>;

/// Returns the CRC-32 (as in gzip files) of all names and bytes, in the order of the names: 8
/// hexadecimal digits. It detects damage, but not intent.
std::string checksum(const NamedBytes& blocks);

/// Returns the checksum of a list of TensorView or TensorTarget.
template <class Tensors>
std::string checksum_of(const Tensors& tensors) {
  NamedBytes blocks;
  for (const auto& tensor : tensors) {
    blocks.emplace(tensor.key, tensor.bytes);
  }
  return checksum(blocks);
}

}  // namespace xtape::nn
