#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace xtape::nn::datasets {

/// A file of a published data set. Mirrors serve the file compressed, with ".gz" appended to its
/// name. Size and SHA-256 describe the unpacked content, because compressed files differ between
/// mirrors.
struct DataFile {
  std::string name;     ///< The name of the raw file.
  std::uint64_t bytes;  ///< The size of the content.
  std::string sha256;   ///< The SHA-256 of the content, in hexadecimal digits.
};

/// A data set that xtape knows by name.
struct KnownDataset {
  std::string name;                                   ///< The name, as in known_dataset("mnist").
  std::string title;                                  ///< The title for display.
  std::vector<DataFile> files;                        ///< The files of the data set.
  std::vector<std::string> mirrors;                   ///< Folders as URLs, tried in turn.
  std::vector<std::filesystem::path> system_folders;  ///< Folders of system packages.
  std::vector<std::string> class_names;               ///< The class of each label.
};

/// Returns the known data sets: mnist and fashion.
const std::vector<KnownDataset>& known_datasets();

/// Returns the data set of this name. Throws ValueError, with all known names, if there is no such
/// data set.
const KnownDataset& known_dataset(std::string_view name);

}  // namespace xtape::nn::datasets
