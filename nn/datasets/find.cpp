#include "nn/datasets/find.hpp"

namespace xtape::nn {

std::filesystem::path find_dataset(const datasets::Options& options,
                                   const datasets::DownloadProgress& progress,
                                   const std::vector<std::string>& names) {
  const datasets::Location location = datasets::locate(options, progress, names);
  datasets::require_found(location);
  return location.folder;
}

}  // namespace xtape::nn
