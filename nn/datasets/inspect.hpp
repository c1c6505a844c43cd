#pragma once

#include <filesystem>
#include <string>

#include "nn/datasets/datasets.hpp"
#include "nn/datasets/unpack.hpp"

namespace xtape::nn::datasets {

/// What a folder has of a published file.
struct Inspection {
  std::filesystem::path path;  ///< The file that nn::read_mnist would take; empty: there is none.
  std::string problem;         ///< What is wrong with it; empty when the content is as published.

  bool found() const { return !path.empty(); }
  bool right() const { return found() && problem.empty(); }
};

/// Looks for the file under each name that nn::read_mnist knows, unpacks it when it is compressed,
/// and compares size and SHA-256 of the content with the published ones.
Inspection inspect(const std::filesystem::path& folder, const DataFile& file);

/// How content differs from the published one; empty when it does not.
std::string difference(const Content& content, const DataFile& file);

}  // namespace xtape::nn::datasets
