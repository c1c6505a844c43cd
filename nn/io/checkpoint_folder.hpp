#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

/// @file
/// The checkpoints in a folder, by their numbers.

namespace xtape::nn {

/// Returns `folder`/checkpoint-00000042.safetensors for the number 42.
std::filesystem::path checkpoint_path(const std::filesystem::path& folder, std::size_t number);

/// Returns the files in `folder` with names as from checkpoint_path(), lowest number first. Throws
/// DataError if the folder cannot be read.
std::vector<std::filesystem::path> find_checkpoints(const std::filesystem::path& folder);

/// Removes all of find_checkpoints() except the last `count`, and nothing else. Throws DataError if
/// one cannot be removed, ValueError if `count` is 0.
void keep_last_checkpoints(const std::filesystem::path& folder, std::size_t count);

}  // namespace xtape::nn
