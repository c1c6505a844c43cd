#include "nn/datasets/download.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <thread>

#include "nn/datasets/inspect.hpp"
#include "nn/io/files.hpp"
#include "nn/io/folder_lock.hpp"
#include "tensor/error.hpp"

namespace xtape::nn::datasets {
namespace {

namespace fs = std::filesystem;

/// The error of one mirror.
class MirrorError : public xtape::Error {
 public:
  using Error::Error;
};

/// One file on its way from a mirror to its folder.
class Arrival {
 public:
  Arrival(const DataFile& file, const fs::path& folder, const DownloadLimits& limits,
          const DownloadProgress& progress)
      : file_(file),
        folder_(folder),
        limits_(limits),
        progress_(progress),
        part_(folder / (file.served_name() + ".part")) {}

  /// Downloads the file. Throws MirrorError if this mirror cannot give it.
  void fetch(const std::string& mirror) {
    const std::string url =
        fmt::format("{}{}{}", mirror, mirror.ends_with('/') ? "" : "/", file_.served_name());
    auto pause = limits_.back_off;
    for (int attempt = 1;; ++attempt) {
      const HttpResult result = http_get(url, part_, file_.most_served(), limits_.http,
                                         [this](auto... bytes) { return report(bytes...); });
      const std::string problem = result.problem.empty() ? published() : result.problem;
      if (problem.empty()) {
        return;
      }
      // A wrong content may have come about by continuing the part of another copy.
      const bool again = result.problem.empty() ? result.resumed : result.transient;
      xtape::require<MirrorError>(again && attempt < limits_.attempts, "{}: {}", url, problem);
      wait(pause);
      pause *= 2;
    }
  }

 private:
  bool report(std::uint64_t done, std::uint64_t total) const {
    return !progress_ || progress_("downloading " + file_.name, done, total);
  }

  void wait(std::chrono::milliseconds pause) const {
    const auto end = std::chrono::steady_clock::now() + pause;
    while (std::chrono::steady_clock::now() < end) {
      if (!report(part_.size(), 0)) {
        throw Stopped();
      }
      std::this_thread::sleep_for(std::min(pause, std::chrono::milliseconds(100)));
    }
  }

  /// Puts the content of the part in place. On failure, empties the part and returns the problem.
  std::string published() {
    OutputFile file(folder_ / file_.name);
    std::string problem;
    try {
      problem = difference(
          read_content(part_.path(), file_,
                       [&](auto bytes) {
                         file.write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
                       }),
          file_);
    } catch (const Damaged& error) {
      problem = error.what();
    }
    if (problem.empty()) {
      file.commit();
      std::error_code left_over;
      fs::remove(part_.path(), left_over);
    } else {
      part_.truncate();
    }
    return problem;
  }

  const DataFile& file_;
  const fs::path& folder_;
  const DownloadLimits& limits_;
  const DownloadProgress& progress_;
  const AppendFile part_;
};

void fetch_from_any(const std::vector<std::string>& mirrors, Arrival& arrival) {
  std::string problems;
  for (const std::string& mirror : mirrors) {
    try {
      arrival.fetch(mirror);
      return;
    } catch (const MirrorError& error) {
      problems += (problems.empty() ? "" : "; ") + std::string(error.what());
    }
  }
  throw xtape::DataError(problems);
}

}  // namespace

std::vector<std::string> download(const KnownDataset& dataset,
                                  const std::vector<std::string>& mirrors, const fs::path& folder,
                                  const DownloadLimits& limits, const DownloadProgress& progress) {
  std::for_each(mirrors.begin(), mirrors.end(), require_safe_url);
  std::error_code error;
  fs::create_directories(folder, error);
  xtape::require<xtape::DataError>(!error, "{}: cannot make this folder: {}", folder.string(),
                                   error.message());
  const FolderLock lock(folder, [&] {
    if (progress && !progress("waiting for another process that downloads", 0, 0)) {
      throw Stopped();
    }
  });
  std::vector<std::string> replaced;
  for (const DataFile& file : dataset.files) {
    const Inspection there = inspect(folder, file);
    if (!there.right()) {
      xtape::require<xtape::DataError>(!mirrors.empty(), "{}: no mirror is known", dataset.title);
      Arrival arrival(file, folder, limits, progress);
      fetch_from_any(mirrors, arrival);
      if (there.found()) {
        replaced.push_back(there.problem);
      }
    }
  }
  return replaced;
}

}  // namespace xtape::nn::datasets
