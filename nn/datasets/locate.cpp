#include "nn/datasets/locate.hpp"

#include <fmt/ranges.h>  // fmt::join

#include <algorithm>
#include <system_error>

#include "nn/datasets/inspect.hpp"
#include "nn/io/environment.hpp"
#include "tensor/error.hpp"

namespace xtape::nn::datasets {
namespace {

namespace fs = std::filesystem;

/// Returns true if a sign of the data set or its last file is in this folder.
bool holds(const fs::path& folder, const KnownDataset& dataset) {
  const bool sign = std::any_of(dataset.signs.begin(), dataset.signs.end(), [&](const auto& name) {
    std::error_code error;
    return fs::exists(folder / name, error);
  });
  return sign || inspect(folder, dataset.files.back()).right();
}

/// Returns the data set that is in this folder, or null if it is no known one. If there are
/// several, `wanted` goes first.
const KnownDataset* identify(const fs::path& folder, const KnownDataset& wanted) {
  if (holds(folder, wanted)) {
    return &wanted;
  }
  const auto& all = known_datasets();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& each) { return holds(folder, each); });
  return found == all.end() ? nullptr : &*found;
}

/// Returns true if all files in `folder` are as published. Otherwise adds the problems to
/// `location.tried`.
bool all_right(const fs::path& folder, Location& location) {
  std::vector<std::string> missing;
  bool right = true;
  for (const DataFile& file : location.dataset->files) {
    const Inspection there = inspect(folder, file);
    right = right && there.right();
    if (!there.found()) {
      missing.push_back(file.name);
    } else if (!there.right()) {
      location.tried.push_back(there.problem);
    }
  }
  if (missing.size() == location.dataset->files.size()) {
    location.tried.push_back(fmt::format("{}: no files", folder.string()));
  } else if (!missing.empty()) {
    location.tried.push_back(
        fmt::format("{}: has no {}", folder.string(), fmt::join(missing, ", ")));
  }
  return right;
}

bool in_system_folder(Location& location) {
  for (const fs::path& folder : location.dataset->system_folders) {
    std::error_code error;
    if (!fs::is_directory(folder, error)) {
      location.tried.push_back(fmt::format("{}: no such folder", folder.string()));
    } else if (all_right(folder, location)) {
      location.folder = folder;
      return true;
    }
  }
  return false;
}

void fetch(const Options& options, const fs::path& cache, const DownloadProgress& progress,
           Location& location) {
  if (options.offline) {
    location.tried.emplace_back("no download while offline");
    return;
  }
  const auto mirrors =
      options.mirror.empty() ? location.dataset->mirrors : std::vector<std::string>{options.mirror};
  DownloadLimits limits;
  limits.http.stall = std::chrono::seconds(options.timeout);
  try {
    location.corrected = download(*location.dataset, mirrors, cache, limits, progress);
    location.folder = cache;
  } catch (const xtape::DataError& error) {
    location.tried.emplace_back(error.what());
  }
}

/// Looks in a folder that the user has named.
void in_named_folder(const fs::path& folder, const std::vector<std::string>& possible,
                     Location& location) {
  const KnownDataset* found = identify(folder, *location.dataset);
  if (found == nullptr || found == location.dataset) {
    location.folder = folder;
  } else if (std::find(possible.begin(), possible.end(), found->name) != possible.end()) {
    location.dataset = found;
    location.folder = folder;
  } else {
    location.tried.push_back(fmt::format("{}: holds {}, not {}", folder.string(), found->title,
                                         location.dataset->title));
  }
}

}  // namespace

fs::path cache_folder(const std::string& dataset_name) {
  const fs::path cache = detail::environment("XDG_CACHE_HOME");
  const fs::path home = detail::environment("HOME");
  if (!cache.is_absolute() && home.empty()) {
    return {};
  }
  return (cache.is_absolute() ? cache : home / ".cache") / "xtape" / dataset_name;
}

Location locate(const Options& options, const DownloadProgress& progress,
                const std::vector<std::string>& names) {
  std::vector<std::string> possible = names.empty() ? known_names() : names;
  Location location{
      &known_dataset(options.dataset.value_or(possible.front()), possible), {}, {}, {}};
  if (options.dataset) {
    possible = {*options.dataset};
  }
  if (!options.folder.empty()) {
    in_named_folder(options.folder, possible, location);
    require_found(location);
    return location;
  }
  const fs::path named = detail::environment("XTAPE_DATA_DIR");
  if (named.empty()) {
    location.tried.emplace_back("$XTAPE_DATA_DIR: not set");
  } else {
    in_named_folder(named, possible, location);
  }
  if (!location.folder.empty()) {
    return location;
  }
  const fs::path cache = cache_folder(location.dataset->name);
  if (!cache.empty() && all_right(cache, location)) {
    location.folder = cache;
  } else if (!in_system_folder(location)) {
    if (cache.empty()) {
      location.tried.emplace_back("no folder to download to: $HOME is not set");
    } else {
      fetch(options, cache, progress, location);
    }
  }
  return location;
}

void require_found(const Location& location) {
  if (location.folder.empty()) {
    xtape::fail<xtape::DataError>("{} was not found: {}", location.dataset->title,
                                  fmt::format("{}", fmt::join(location.tried, "; ")));
  }
}

}  // namespace xtape::nn::datasets
