#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "nn/datasets/locate.hpp"

/// @file
/// A function that finds or downloads a known data set. Link with xtape::datasets.

namespace xtape::nn {

/// Returns the folder of a known data set. `names` are the data sets that the caller can read, and
/// the first is the default. Without `names`, each is possible, and MNIST is the default. The
/// function searches these places in order:
///
/// 1. `options.folder`, if it is not empty, and no other place.
/// 2. `$XTAPE_DATA_DIR`.
/// 3. The cache, `$XDG_CACHE_HOME/xtape/NAME` or `~/.cache/xtape/NAME`.
/// 4. The folders of the system's packages, such as Debian's dataset-fashion-mnist.
/// 5. The mirrors, from which it is downloaded into the cache over HTTPS.
///
/// In the places 3 to 5 all files have the published sizes and SHA-256 sums.
///
/// Throws DataError, with all places that were searched, if there is no such folder. Throws
/// ValueError if no possible data set has the name, or if a mirror is not HTTPS. Throws
/// datasets::Stopped if `progress` returns false.
std::filesystem::path find_dataset(const datasets::Options& options = {},
                                   const datasets::DownloadProgress& progress = {},
                                   const std::vector<std::string>& names = {});

}  // namespace xtape::nn
