#pragma once

#include <string_view>

#include "nn/io/safetensors.hpp"

namespace xtape::nn::detail {

/// The format of checkpoints, in their metadata. Format 1 had the best weights of a run in a file
/// of their own.
inline constexpr const char* checkpoint_format = "2";

/// The prefix of the identity's keys in the metadata.
inline constexpr std::string_view identity_prefix = "identity.";

/// Throws DataError unless the file is a checkpoint of this format.
void require_checkpoint(const SafetensorsFile& file);

}  // namespace xtape::nn::detail
