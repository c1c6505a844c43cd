#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "nn/datasets/datasets.hpp"
#include "nn/datasets/download.hpp"

namespace xtape::nn::datasets {

/// The data set to find, and where to look.
struct Options {
  std::optional<std::string> dataset = {};  ///< Its name; absent: mnist.
  std::string folder = {};                  ///< The folder with the files; empty: look for them.
  std::string mirror = {};                  ///< Replaces the known mirrors unless empty.
  bool offline = false;                     ///< Never use the network.
  unsigned timeout = 20;                    ///< Seconds to wait for a silent server.
};

/// The place of a data set.
struct Location {
  const KnownDataset* dataset;         ///< The data set that was looked for.
  std::filesystem::path folder;        ///< Empty if the files were not found.
  std::vector<std::string> tried;      ///< The places without the files, a phrase each.
  std::vector<std::string> corrected;  ///< The problems of files that were replaced.
};

/// Returns the cache folder of a program's downloads: xtape/NAME in $XDG_CACHE_HOME if that is
/// absolute, otherwise in ~/.cache (XDG Base Directory Specification). Empty without a home.
std::filesystem::path cache_folder(const std::string& dataset_name);

/// Finds the files of a data set. It looks in the requested folder, otherwise in
/// $XTAPE_DATA_DIR, then in the cache, then in the folders of system packages. Otherwise it
/// downloads them into the cache. In the cache, the content must be as published; other files are
/// replaced by a download. A folder from the user may have any content, except another known data
/// set.
///
/// Throws DataError for such a folder ($XTAPE_DATA_DIR is skipped instead). Throws Stopped if the
/// progress callback asks to stop.
Location locate(const Options& options, const DownloadProgress& progress = {});

/// Throws DataError, with the places that were tried, unless the files were found.
void require_found(const Location& location);

}  // namespace xtape::nn::datasets
