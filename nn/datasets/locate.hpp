#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "nn/datasets/datasets.hpp"
#include "nn/datasets/download.hpp"

namespace xtape::nn::datasets {

/// Which data set, and where it may come from.
struct Options {
  std::optional<std::string> dataset = {};  ///< Its name; absent: mnist.
  std::string folder = {};                  ///< Where the files are; empty: look for them.
  std::string mirror = {};                  ///< Used instead of the known ones when not empty.
  bool offline = false;                     ///< Never touch the network.
  unsigned timeout = 20;  ///< Seconds of silence after which a server is given up.
};

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
Location locate(const Options& options, const DownloadProgress& progress = {});

/// Throws DataError that says what has been tried, unless the files have been found.
void require_found(const Location& location);

}  // namespace xtape::nn::datasets
