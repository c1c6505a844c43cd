#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace xtape::nn::datasets {

/// The form of a file on mirrors. It says which bytes the size and the SHA-256 describe.
enum class Packing {
  /// Mirrors serve the file compressed, with ".gz" appended to its name. Size and SHA-256 describe
  /// the unpacked content, because compressed files differ between mirrors.
  gzip,
  /// Mirrors serve the file itself, such as an archive. Size and SHA-256 describe its bytes.
  none
};

/// A file of a published data set.
struct DataFile {
  std::string name;                 ///< The name of the file in its folder.
  std::uint64_t bytes;              ///< The size of the content.
  std::string sha256;               ///< The SHA-256 of the content, in hexadecimal digits.
  Packing packing = Packing::gzip;  ///< The form of the file on mirrors.

  /// Returns the name on a mirror.
  std::string served_name() const { return packing == Packing::gzip ? name + ".gz" : name; }

  /// Returns the largest size on a mirror. Deflate stores what it cannot compress, with five bytes
  /// for each 16 kB at the worst.
  std::uint64_t most_served() const {
    return packing == Packing::gzip ? bytes + bytes / 1000 + 1000 : bytes;
  }
};

/// A data set that xtape knows by name.
struct KnownDataset {
  std::string name;                                   ///< The name, as in known_dataset("mnist").
  std::string title;                                  ///< The title for display.
  std::vector<DataFile> files;                        ///< The files of the data set.
  std::vector<std::string> mirrors;                   ///< Folders as URLs, tried in turn.
  std::vector<std::filesystem::path> system_folders;  ///< Folders of system packages.
  std::vector<std::string> class_names;               ///< The class of each label.

  /// Names of files or folders that only this data set has. Empty: its files have the names of
  /// another data set's, so their content decides.
  std::vector<std::string> signs = {};
};

/// Returns the known data sets: mnist, fashion and cifar10.
const std::vector<KnownDataset>& known_datasets();

/// Returns the names of the known data sets.
std::vector<std::string> known_names();

/// Returns the data set of this name. If there are `names`, the name must be one of them. Throws
/// ValueError, with all names that are possible, if there is no such data set.
const KnownDataset& known_dataset(std::string_view name,
                                  const std::vector<std::string>& names = {});

}  // namespace xtape::nn::datasets
