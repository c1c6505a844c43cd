#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "nn/datasets/datasets.hpp"
#include "nn/datasets/http.hpp"

namespace xtape::nn::datasets {

/// The limits of a download: times and attempts.
struct DownloadLimits {
  HttpLimits http = {};  ///< The time limits of each request.
  int attempts = 3;      ///< Attempts at each mirror, for transient problems.
  std::chrono::milliseconds back_off = std::chrono::milliseconds(500);  ///< Doubles each time.
};

/// A progress callback. Its arguments are a description ("downloading train-images-idx3-ubyte"),
/// the number of bytes received, and the total number of bytes (0 if unknown). The callback returns
/// false to stop the download.
using DownloadProgress =
    std::function<bool(const std::string& what, std::uint64_t done, std::uint64_t total)>;

/// Downloads the files of a data set that are missing in `folder`, or whose content differs from
/// the published content. Creates the folder if necessary. Tries the mirrors in order.
///
/// A transfer writes to the served name with `.part`, such as `NAME.gz.part`. If the transfer
/// breaks or the process is killed, this file stays, and the next download resumes it. Its content
/// is then unpacked as DataFile::packing says. If size and SHA-256 of the content are correct, it
/// replaces `NAME` atomically, as OutputFile does. A FolderLock lets one process at a time work in
/// the folder. Other processes wait, and then find the files.
///
/// Returns the problems of the replaced files, one sentence each. Throws DataError, with the
/// problem of each mirror, if no mirror succeeds. Throws DataError if the disk is full or
/// read-only. Throws ValueError if a mirror is not HTTPS (see require_safe_url). Throws Stopped if
/// `progress` returns false.
std::vector<std::string> download(const KnownDataset& dataset,
                                  const std::vector<std::string>& mirrors,
                                  const std::filesystem::path& folder, const DownloadLimits& limits,
                                  const DownloadProgress& progress);

}  // namespace xtape::nn::datasets
