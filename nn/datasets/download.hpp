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

/// The number and the pace of attempts.
struct DownloadLimits {
  HttpLimits http = {};  ///< The time limits of each request.
  int attempts = 3;      ///< At each mirror, for transient problems.
  std::chrono::milliseconds back_off = std::chrono::milliseconds(500);  ///< Doubles each time.
};

/// A progress callback. It gets what happens ("downloading train-images-idx3-ubyte"), the bytes
/// received and the total number of bytes (0 if unknown). It returns false to stop the download.
using DownloadProgress =
    std::function<bool(const std::string& what, std::uint64_t done, std::uint64_t total)>;

/// Downloads the files of a data set that are missing in `folder`, or whose content is not the
/// published content. Creates the folder if necessary. The mirrors are tried in order.
///
/// A file arrives as `NAME.gz.part`. This part stays if the transfer breaks or the process is
/// killed, and the next download resumes it. The file is unpacked to `NAME.new`. Only if size and
/// SHA-256 of the content are right, it replaces `NAME` atomically. One process at a time works in
/// a folder (FolderLock). Others wait and find the files there.
///
/// Returns the problems of the files that it replaced, one sentence each. Throws DataError, with
/// the problem of each mirror, if no mirror succeeds, and if the disk is full or read-only. Throws
/// ValueError if a mirror is not HTTPS (see require_safe_url). Throws Stopped if `progress` returns
/// false.
std::vector<std::string> download(const KnownDataset& dataset,
                                  const std::vector<std::string>& mirrors,
                                  const std::filesystem::path& folder, const DownloadLimits& limits,
                                  const DownloadProgress& progress);

}  // namespace xtape::nn::datasets
