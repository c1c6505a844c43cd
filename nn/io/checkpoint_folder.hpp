#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

/// @file
/// Functions for a folder of numbered checkpoints.

namespace xtape::nn {

/// Returns `folder`/checkpoint-00000042.safetensors for the number 42.
std::filesystem::path checkpoint_path(const std::filesystem::path& folder, std::size_t number);

/// Returns the checkpoints in `folder`, in the order of their numbers. Their names are those of
/// checkpoint_path(). Throws DataError if the folder cannot be read.
std::vector<std::filesystem::path> find_checkpoints(const std::filesystem::path& folder);

/// Removes the checkpoints in `folder`, except the last `count` of find_checkpoints(). No other
/// file is removed. Throws DataError if a file cannot be removed. Throws ValueError if `count` is
/// 0.
void keep_last_checkpoints(const std::filesystem::path& folder, std::size_t count);

}  // namespace xtape::nn
