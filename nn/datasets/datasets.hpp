#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace xtape::nn::datasets {

/// A file of a published data set. Its name is that of the raw file; mirrors serve it with ".gz"
/// appended. Size and SHA-256 are those of the content: gzip wrappers differ between copies.
struct DataFile {
  std::string name;     ///< Of the raw file.
  std::uint64_t bytes;  ///< Size of the content.
  std::string sha256;   ///< Of the content, in hexadecimal digits.
};

/// A data set known by name.
struct KnownDataset {
  std::string name;                                   ///< As in known_dataset("mnist").
  std::string title;                                  ///< What people call it.
  std::vector<DataFile> files;                        ///< The files that make it up.
  std::vector<std::string> mirrors;                   ///< Folders as URLs, tried in turn.
  std::vector<std::filesystem::path> system_folders;  ///< Where packages put it.
  std::vector<std::string> class_names;               ///< What each label stands for.
};

/// Returns mnist and fashion.
const std::vector<KnownDataset>& known_datasets();

/// The data set of that name. Throws ValueError that lists the names there are.
const KnownDataset& known_dataset(std::string_view name);

}  // namespace xtape::nn::datasets
