#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "examples/mnist/data/datasets.hpp"
#include "examples/mnist/data/download.hpp"
#include "examples/mnist/options.hpp"

namespace mnist {

/// Where the files of a data set are.
struct Location {
  const KnownDataset* dataset;
  std::filesystem::path folder;        ///< Empty when they cannot be had.
  std::vector<std::string> tried;      ///< What has been looked at in vain, a phrase each.
  std::vector<std::string> corrected;  ///< What was wrong with files that have been replaced.
};

/// Where programs keep what they can fetch again: $XDG_CACHE_HOME when that is absolute, else
/// ~/.cache (XDG Base Directory Specification), and in it xtape/NAME. Empty when there is no home.
std::filesystem::path cache_folder(const std::string& dataset_name);

/// Finds the files of a data set that has files: in the folder asked for, else in $XTAPE_DATA_DIR,
/// else in the cache, else where the system's packages put them, else it downloads them into the
/// cache. In the cache the content must be as published; files that are not are replaced by a
/// download. A folder that the user names is believed to hold what the user wants, except when it
/// holds another known data set than the one asked for.
///
/// Throws DataError for such a folder ($XTAPE_DATA_DIR is passed over instead), Stopped when the
/// progress callback says so.
Location locate(const DataOptions& options, const DownloadProgress& progress = {});

/// Throws DataError that says what has been tried, unless the files have been found.
void require_found(const Location& location);

}  // namespace mnist
