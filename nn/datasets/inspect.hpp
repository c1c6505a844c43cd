#pragma once

#include <filesystem>
#include <string>

#include "nn/datasets/datasets.hpp"
#include "nn/datasets/unpack.hpp"

namespace xtape::nn::datasets {

/// The state of a published file in a folder.
struct Inspection {
  std::filesystem::path path;  ///< The file that nn::read_mnist reads. Empty: no file.
  std::string problem;         ///< The problem. Empty if the content is as published.

  /// True if there is a file.
  bool found() const { return !path.empty(); }
  /// True if there is a file with the published content.
  bool right() const { return found() && problem.empty(); }
};

/// Looks for the file under each name that nn::read_mnist accepts. Unpacks a compressed file.
/// Compares size and SHA-256 of the content with the published ones.
Inspection inspect(const std::filesystem::path& folder, const DataFile& file);

/// Returns a description of how content differs from the published content. If it does not differ,
/// the text is empty.
std::string difference(const Content& content, const DataFile& file);

}  // namespace xtape::nn::datasets
