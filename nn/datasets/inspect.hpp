#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "nn/datasets/datasets.hpp"
#include "nn/datasets/unpack.hpp"

namespace xtape::nn::datasets {

/// The state of a published file in a folder.
struct Inspection {
  std::filesystem::path path;  ///< The file that a reader of the folder reads. Empty: no file.
  std::string problem;         ///< The problem. Empty if the content is as published.

  /// True if there is a file.
  bool found() const { return !path.empty(); }
  /// True if there is a file with the published content.
  bool right() const { return found() && problem.empty(); }
};

/// Looks for the file. If mirrors serve the file compressed, it may have any name that
/// nn::read_mnist accepts, and may be compressed. Compares size and SHA-256 of the content with the
/// published ones.
Inspection inspect(const std::filesystem::path& folder, const DataFile& file);

/// Reads `path`, which holds the published file or its compressed form. Passes the published
/// content to `take` piece by piece. Throws as unpack() does.
Content read_content(const std::filesystem::path& path, const DataFile& file,
                     const std::function<void(std::span<const std::uint8_t>)>& take);

/// Returns a description of how content differs from the published content. If it does not differ,
/// the text is empty.
std::string difference(const Content& content, const DataFile& file);

}  // namespace xtape::nn::datasets
