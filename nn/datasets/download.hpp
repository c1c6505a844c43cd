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

/// How persistent a download is.
struct DownloadLimits {
  HttpLimits http = {};
  int attempts = 3;  ///< At each mirror, while its problem may pass.
  std::chrono::milliseconds back_off = std::chrono::milliseconds(500);  ///< Doubles each time.
};

/// Called now and then with what happens ("downloading train-images-idx3-ubyte"), the bytes there
/// are and those there will be (0 while that is not known). Returns false to stop the download.
using DownloadProgress =
    std::function<bool(const std::string& what, std::uint64_t done, std::uint64_t total)>;

/// Brings the files of a data set that are missing in `folder` or have another content than the
/// published one; makes the folder when there is none. The mirrors are tried in turn.
///
/// A file arrives as `NAME.gz.part`, which stays when the transfer breaks or the process is killed,
/// and is continued next time. It is unpacked to `NAME.new`, and only when size and SHA-256 of the
/// content are right does that become `NAME`, raw, at once and synced to the disk. One process at a
/// time works in a folder (FolderLock); others wait and find the files there.
///
/// Returns what was wrong with the files it replaced, one sentence each. Throws DataError that
/// says what each mirror did wrong, or that the disk is full or read-only; ValueError when a mirror
/// is not HTTPS (see require_safe_url); Stopped when `progress` returns false.
std::vector<std::string> download(const KnownDataset& dataset,
                                  const std::vector<std::string>& mirrors,
                                  const std::filesystem::path& folder, const DownloadLimits& limits,
                                  const DownloadProgress& progress);

}  // namespace xtape::nn::datasets
