#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "nn/datasets/datasets.hpp"
#include "nn/datasets/download.hpp"

namespace xtape::nn::datasets {

/// The options of locate(): the data set, and the places to search.
struct Options {
  std::optional<std::string> dataset = {};  ///< The name. Absent: the first of the possible ones.
  std::string folder = {};                  ///< The folder with the files. Empty: search.
  std::string mirror = {};                  ///< Replaces the known mirrors unless empty.
  bool offline = false;                     ///< Never use the network.
  unsigned timeout = 20;                    ///< Seconds to wait for a silent server.
};

/// The location of a data set.
struct Location {
  const KnownDataset* dataset;         ///< The data set.
  std::filesystem::path folder;        ///< Empty if the files were not found.
  std::vector<std::string> tried;      ///< The places without the files, a phrase each.
  std::vector<std::string> corrected;  ///< The problems of files that were replaced.
};

/// Returns the cache folder of a data set: xtape/NAME in $XDG_CACHE_HOME if that path is absolute,
/// otherwise in ~/.cache (XDG Base Directory Specification). Without a home folder, the result is
/// empty.
std::filesystem::path cache_folder(const std::string& dataset_name);

/// Finds the files of a data set. If the options name a folder, the function searches only there.
/// Otherwise, it searches $XTAPE_DATA_DIR, then the cache, then the folders of system packages. If
/// it does not find the files, it downloads them into the cache.
///
/// In the cache, the content must be the published content. Other files are replaced by a download.
/// A folder from the user may have any content, except another known data set.
///
/// `names` are the data sets that the caller can read. The first is the default. If the options
/// name none and a folder from the user has another one of them, the result is that one. Without
/// `names`, all known data sets are possible.
///
/// Throws DataError for a folder with another data set ($XTAPE_DATA_DIR is skipped instead). Throws
/// ValueError if the options name a data set that is not possible. Throws Stopped if the progress
/// callback asks to stop.
Location locate(const Options& options, const DownloadProgress& progress = {},
                const std::vector<std::string>& names = {});

/// Throws DataError, with the places that were tried, unless the files were found.
void require_found(const Location& location);

}  // namespace xtape::nn::datasets
