#pragma once

#include <map>
#include <string>
#include <vector>

#include "nn/data/dataset.hpp"
#include "nn/io/safetensors.hpp"

/// @file
/// Checksums of safetensors files and of data. A checksum detects damage, but not intent.

namespace xtape::nn {

/// The name under which the metadata of a file hold its checksum.
inline constexpr const char* checksum_key = "crc32";

/// Returns the CRC-32 (as in gzip files) of a safetensors file, as 8 hexadecimal digits. It covers
/// the metadata except for crc32, and the key, dtype, shape and bytes of each tensor. The order in
/// the file does not matter.
///@{
std::string checksum(const std::vector<TensorView>& tensors,
                     const std::map<std::string, std::string>& metadata);
std::string checksum(const SafetensorsFile& file);
///@}

/// Returns the CRC-32 of the inputs and the targets: their numbers, types, shapes and elements.
std::string checksum(const Dataset& data);

/// Throws DataError if the content of the file does not have the checksum in its metadata, or if
/// there is none.
void require_checksum(const SafetensorsFile& file);

}  // namespace xtape::nn
